#include "tests/simulation/seed_run.h"

#include <algorithm>
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

std::shared_ptr<const Oracle> Oracles::Of(uint64_t seed, AppMetrics* metrics) {
  constexpr size_t kPlacesMax = 8;  // more than threads are apart
  const uint64_t number = seed / kSeedsPerFirehose;
  std::shared_ptr<Place> place;
  {
    const absl::MutexLock lock(&mu_);
    std::shared_ptr<Place>& kept = places_[number];
    if (kept == nullptr) kept = std::make_shared<Place>();
    place = kept;
    if (places_.size() > kPlacesMax) places_.erase(places_.begin());
  }
  const absl::MutexLock lock(&place->mu);
  if (place->oracle != nullptr) return place->oracle;
  auto oracle = std::make_shared<Oracle>();
  oracle->firehose = MakeFirehose(number, kPosts, WorldSettings()->task.metric_sizes_ms);
  World calm({.seed = number, .calm = true}, &oracle->firehose, metrics);
  const absl::Status status = calm.Run();
  if (status.ok()) oracle->outcome = calm.Read();
  std::vector<std::string>& problems = oracle->outcome.problems;
  if (!status.ok()) problems.push_back(status.ToString());
  for (std::string& problem : problems) problem = absl::StrCat("the calm world: ", problem);
  place->oracle = std::move(oracle);
  return place->oracle;
}

SeedResult RunSeed(uint64_t seed, Sabotage sabotage, bool trace, Oracles* oracles, AppMetrics* metrics) {
  SeedResult result;
  const std::shared_ptr<const Oracle> oracle = oracles->Of(seed, metrics);
  const Outcome& expected = oracle->outcome;
  result.problems = expected.problems;
  const double differences = metrics->Sum().recovery_differences;
  World wild({.seed = seed, .calm = false, .sabotage = sabotage, .trace = trace}, &oracle->firehose, metrics);
  const absl::Status status = wild.Run();
  result.statistics = wild.statistics();
  if (!status.ok()) {
    result.problems.push_back(status.ToString());
    return result;
  }
  if (metrics->Sum().recovery_differences > differences) {
    result.problems.emplace_back("a recovery has replayed other signals than were published");
  }
  const Outcome found = wild.Read();
  result.problems.insert(result.problems.end(), found.problems.begin(), found.problems.end());
  Compare("brand metrics", found.metrics, expected.metrics, &result.problems);
  Compare("signals", found.signals, expected.signals, &result.problems);
  Compare("open incidents", found.open_incidents, expected.open_incidents, &result.problems);
  Compare("post-crisis records", found.post_crisis, expected.post_crisis, &result.problems);
  Compare("dead letters of actions", found.dead_letters, expected.dead_letters, &result.problems);
  result.metrics = static_cast<int64_t>(found.metrics.size());
  result.signals = static_cast<int64_t>(found.signals.size());
  result.calls = std::count_if(found.signals.begin(), found.signals.end(), [](const std::string& signal) {
    return signal.find(R"("calls_next":true)") != std::string::npos;
  });
  return result;
}

}  // namespace tocsin::simulation
