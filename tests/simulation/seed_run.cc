#include "tests/simulation/seed_run.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/firehose.h"

namespace tocsin::simulation {
namespace {

void Compare(std::string_view what, const std::vector<std::string>& found, const std::vector<std::string>& expected,
             std::vector<std::string>* problems) {
  if (found == expected) return;
  std::string first = "only one is longer";
  for (size_t i = 0; i < found.size() && i < expected.size(); ++i) {
    if (found[i] == expected[i]) continue;
    first = absl::StrCat("found    ", found[i], "\n  expected ", expected[i]);
    break;
  }
  problems->push_back(absl::StrCat(what, " differ from the calm world's: ", found.size(), " instead of ",
                                   expected.size(), "\n  ", first));
}

}  // namespace

SeedResult RunSeed(uint64_t seed, Sabotage sabotage, bool trace, AppMetrics* metrics) {
  SeedResult result;
  const Firehose firehose = MakeFirehose(seed, kPosts, WorldSettings()->task.metric_sizes_ms);
  World calm({.seed = seed, .calm = true}, &firehose, metrics);
  if (absl::Status status = calm.Run(); !status.ok()) {
    result.problems.push_back(absl::StrCat("the calm world: ", status.ToString()));
    return result;
  }
  const Outcome expected = calm.Read();
  for (const std::string& problem : expected.problems) {
    result.problems.push_back(absl::StrCat("the calm world: ", problem));
  }
  World wild({.seed = seed, .calm = false, .sabotage = sabotage, .trace = trace}, &firehose, metrics);
  const absl::Status status = wild.Run();
  result.statistics = wild.statistics();
  if (!status.ok()) {
    result.problems.push_back(status.ToString());
    return result;
  }
  const Outcome found = wild.Read();
  result.problems.insert(result.problems.end(), found.problems.begin(), found.problems.end());
  Compare("brand metrics", found.metrics, expected.metrics, &result.problems);
  Compare("signals", found.signals, expected.signals, &result.problems);
  Compare("open incidents", found.open_incidents, expected.open_incidents, &result.problems);
  Compare("post-crisis records", found.post_crisis, expected.post_crisis, &result.problems);
  Compare("dead letters", found.dead_letters, expected.dead_letters, &result.problems);
  result.metrics = static_cast<int64_t>(found.metrics.size());
  result.signals = static_cast<int64_t>(found.signals.size());
  return result;
}

}  // namespace tocsin::simulation
