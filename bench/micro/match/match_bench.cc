// Cost of matching a post of some 140 characters against 10 to 100,000 queries.
//
// Queries and posts: bench/match/workload.h. Before anything is timed, every pair of a sample is checked against a
// plain evaluation of what the query says.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/match/workload.h"
#include "operators/match/matcher.h"

namespace tocsin {
namespace {

constexpr size_t kPosts = 20'000;

struct Compiled {
  bench::Workload workload;
  std::vector<QueryNode> queries;
  std::unique_ptr<Matcher> matcher;
  double matched_share = 0;
  double compile_s = 0;
};

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "match_bench: %s\n", why.c_str());
  std::abort();
}

// Plain evaluation of up to 300 queries over 300 posts: the sampled queries and all that the matcher says matched.
void Check(const Compiled& compiled) {
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  const std::vector<bench::Case>& cases = compiled.workload.cases;
  const size_t step = std::max<size_t>(1, cases.size() / 300);
  for (size_t p = 0; p < 300; ++p) {
    const std::string& text = compiled.workload.posts[p];
    Post post;
    post.text = text;
    post.language = "en";
    compiled.matcher->Match(post, &scratch, &matches);
    std::set<uint32_t> matched;
    for (const BrandMatch& match : matches) matched.insert(match.brand);
    std::set<uint32_t> sample = matched;
    for (size_t i = p % step; i < cases.size(); i += step) sample.insert(static_cast<uint32_t>(i));
    const std::vector<std::string_view> words = bench::WordsOf(text);
    for (const uint32_t i : sample) {
      if (bench::Matches(cases[i], absl::StrCat(" ", text, " "), words) != matched.contains(i)) {
        Fail(absl::StrCat("differs: ", cases[i].Query(), " on ", text));
      }
    }
  }
}

const Compiled& GetCompiled(size_t count) {
  static std::map<size_t, Compiled> made;
  Compiled& compiled = made[count];
  if (compiled.matcher != nullptr) return compiled;
  compiled.workload = bench::MakeWorkload(count, kPosts);
  const auto start = std::chrono::steady_clock::now();
  compiled.queries.resize(count);
  std::vector<Matcher::Source> sources;
  QueryError error;
  for (size_t i = 0; i < count; ++i) {
    if (!ParseQuery(compiled.workload.cases[i].Query(), &compiled.queries[i], &error)) Fail(error.what);
    sources.push_back({&compiled.queries[i], {}, false, nullptr});
  }
  compiled.matcher = std::make_unique<Matcher>(sources);
  compiled.compile_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Check(compiled);
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  size_t matched = 0;
  for (const std::string& text : compiled.workload.posts) {
    Post post;
    post.text = text;
    compiled.matcher->Match(post, &scratch, &matches);
    matched += matches.empty() ? 0u : 1u;
  }
  compiled.matched_share = static_cast<double>(matched) / kPosts;
  return compiled;
}

void BM_MatcherMatch(benchmark::State& state) {
  const Compiled& compiled = GetCompiled(static_cast<size_t>(state.range(0)));
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  size_t next = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    Post post;
    post.text = compiled.workload.posts[next];
    post.language = "en";
    compiled.matcher->Match(post, &scratch, &matches);
    benchmark::DoNotOptimize(matches.data());
    bytes += post.text.size();
    if (++next == compiled.workload.posts.size()) next = 0;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["matched"] = compiled.matched_share;

  state.counters["MB"] = static_cast<double>(compiled.matcher->MemoryBytes()) / 1e6;
  state.counters["compile_ms"] = compiled.compile_s * 1e3;
}
BENCHMARK(BM_MatcherMatch)->ArgName("queries")->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000);

// The part that does not depend on the watchlist.
void BM_TokenizerAddText(benchmark::State& state) {
  const Compiled& compiled = GetCompiled(10);
  Tokenizer tokenizer;
  size_t next = 0;
  for (auto _ : state) {
    tokenizer.Reset({});
    tokenizer.AddText(compiled.workload.posts[next]);
    tokenizer.Finish();
    benchmark::DoNotOptimize(tokenizer.tokens().data());
    if (++next == compiled.workload.posts.size()) next = 0;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_TokenizerAddText);

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
