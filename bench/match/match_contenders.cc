// Times matchers on the same queries and posts, after checking that they give the same matches.
//
//   match_contenders [--queries N,N,...] [--posts N] [--rounds N] [--only NAME] [--write DIR]
//
// Prints a line of JSON for each matcher and number of queries. `ns_per_post` is CPU time of the one thread, the best
// and the median of the rounds, each over all posts. --write puts queries.txt, posts.txt and matches.txt of each number
// into DIR/N, for matchers in other languages (bench/match/run.py).
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bench/match/contenders.h"

namespace tocsin::bench {
namespace {

struct Options {
  std::vector<size_t> queries = {10, 100, 1'000, 10'000, 100'000};
  size_t posts = 20'000;
  size_t rounds = 7;
  std::string only;
  std::string write;
};

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "match_contenders: %s\n", why.c_str());
  std::exit(1);
}

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Options ReadOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--queries") {
      options.queries.clear();
      for (const std::string_view part : absl::StrSplit(value, ',')) {
        options.queries.emplace_back();
        if (!absl::SimpleAtoi(part, &options.queries.back())) Fail(absl::StrCat("no number: ", part));
      }
    } else if (name == "--posts" || name == "--rounds") {
      if (!absl::SimpleAtoi(value, name == "--posts" ? &options.posts : &options.rounds)) Fail("no number: " + value);
    } else if (name == "--only") {
      options.only = value;
    } else if (name == "--write") {
      options.write = value;
    } else {
      Fail(absl::StrCat("unknown option ", name));
    }
  }
  return options;
}

using AllMatches = std::vector<std::vector<uint32_t>>;

// What the queries say, by plain search: for all pairs of up to 300 posts and 300 queries, and all that `matches` has.
void CheckPlainly(const Workload& workload, const AllMatches& matches) {
  const size_t step = std::max<size_t>(1, workload.cases.size() / 300);
  for (size_t p = 0; p < workload.posts.size(); ++p) {
    const std::string spaced = absl::StrCat(" ", workload.posts[p], " ");
    const std::vector<std::string_view> words = WordsOf(workload.posts[p]);
    std::set<uint32_t> sample(matches[p].begin(), matches[p].end());
    for (size_t i = p % step; p < 300 && i < workload.cases.size(); i += step) sample.insert(static_cast<uint32_t>(i));
    for (const uint32_t i : sample) {
      const bool found = std::binary_search(matches[p].begin(), matches[p].end(), i);
      if (Matches(workload.cases[i], spaced, words) != found) {
        Fail(absl::StrCat("differs from a plain search: ", workload.cases[i].Query(), " on ", workload.posts[p]));
      }
    }
  }
}

void Write(const std::string& folder, const Workload& workload, const AllMatches& matches) {
  mkdir(folder.c_str(), 0777);
  std::ofstream queries(folder + "/queries.txt");
  for (const Case& entry : workload.cases) {
    queries << static_cast<int>(entry.kind) << '\t' << entry.name << '\t' << entry.handle << '\t' << entry.context
            << '\n';
  }
  std::ofstream posts(folder + "/posts.txt");
  std::ofstream expected(folder + "/matches.txt");
  for (size_t p = 0; p < workload.posts.size(); ++p) {
    posts << workload.posts[p] << '\n';
    expected << absl::StrJoin(matches[p], " ") << '\n';
  }
}

void Time(const ContenderKind& kind, const Options& options, const Workload& workload, AllMatches* expected) {
  std::string why;
  const double start = CpuSeconds();
  const std::unique_ptr<Contender> contender = kind.make(workload, &why);
  const double compile_s = CpuSeconds() - start;
  if (contender == nullptr) {
    std::printf("{\"matcher\":\"%s\",\"queries\":%zu,\"left_out\":\"%s\"}\n", std::string(kind.name).c_str(),
                workload.cases.size(), why.c_str());
    return;
  }
  std::vector<std::string> spaced;
  for (const std::string& post : workload.posts) spaced.push_back(absl::StrCat(" ", post, " "));
  AllMatches found(workload.posts.size());
  size_t matched = 0;
  for (size_t p = 0; p < workload.posts.size(); ++p) {
    contender->Match(workload.posts[p], spaced[p], &found[p]);
    matched += found[p].empty() ? 0u : 1u;
  }
  if (expected->empty()) {
    CheckPlainly(workload, found);
    *expected = std::move(found);
  } else if (found != *expected) {
    Fail(absl::StrCat(kind.name, " gives other matches"));
  }
  std::vector<double> rounds;
  std::vector<uint32_t> matches;
  size_t sum = 0;
  for (size_t round = 0; round < options.rounds; ++round) {
    const double begin = CpuSeconds();
    for (size_t p = 0; p < workload.posts.size(); ++p) {
      contender->Match(workload.posts[p], spaced[p], &matches);
      sum += matches.size();
    }
    rounds.push_back((CpuSeconds() - begin) * 1e9 / static_cast<double>(workload.posts.size()));
  }
  if (sum == 0) Fail("nothing matched");
  std::sort(rounds.begin(), rounds.end());
  std::printf(
      "{\"matcher\":\"%s\",\"queries\":%zu,\"ns_per_post\":%.0f,\"ns_median\":%.0f,\"compile_ms\":%.0f,"
      "\"memory_mb\":%.2f,\"matched_share\":%.3f}\n",
      std::string(kind.name).c_str(), workload.cases.size(), rounds.front(), rounds[rounds.size() / 2], compile_s * 1e3,
      static_cast<double>(contender->MemoryBytes()) / 1e6,
      static_cast<double>(matched) / static_cast<double>(workload.posts.size()));
  std::fflush(stdout);
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  using namespace tocsin::bench;  // NOLINT(google-build-using-namespace): the program's own
  const Options options = ReadOptions(argc, argv);
  if (!options.write.empty()) mkdir(options.write.c_str(), 0777);
  for (const size_t queries : options.queries) {
    const Workload workload = MakeWorkload(queries, options.posts);
    AllMatches expected;
    for (const ContenderKind& kind : Contenders()) {
      if (options.only.empty() || options.only == kind.name) Time(kind, options, workload, &expected);
    }
    if (!options.write.empty()) Write(absl::StrCat(options.write, "/", queries), workload, expected);
  }
  return 0;
}
