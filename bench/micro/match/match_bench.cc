// Cost of matching a post of some 140 characters against 10 to 100,000 queries.
//
// Queries are of the kinds that users write: names of one and two words with their handle and hashtag, NEAR, NOT, AND.
// Their words come from the posts' own vocabulary, by rank, so that most posts have words of several queries and 30 %
// match one. Before anything is timed, every pair of a sample is checked against a plain evaluation of what the query
// says.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "operators/match/matcher.h"

namespace tocsin {
namespace {

constexpr size_t kPosts = 20'000;
constexpr double kMatchedShare = 0.3;

std::string Word(uint64_t n) {
  static constexpr std::string_view kSyllables[] = {"ka", "mo", "ti",  "ren", "sol", "vi", "da", "por",
                                                    "le", "nu", "sha", "gri", "be",  "zo", "um", "ex"};
  std::string word;
  n = n * 0x9E3779B97F4A7C15 >> 40;
  for (int i = 0; i < 2 || (i < 6 && n > 0); ++i, n >>= 4) word.append(kSyllables[n & 15]);
  return word;
}

// A brand's names and the query made of them, as plain data.
struct Case {
  std::string name;    // "two words"
  std::string handle;  // also its hashtag
  std::string context;
  int kind = 0;

  std::string Query() const {
    const std::string name_terms = absl::StrCat("\"", name, "\" OR @", handle, " OR #", handle);
    switch (kind) {
      case 0:
        return name_terms;
      case 1:
        return absl::StrCat("(", name_terms, ") NOT ", context);
      case 2:
        return absl::StrCat(name_terms, " OR (", handle, " NEAR/5 (", context, " OR flight))");
      default:
        return absl::StrCat(name_terms, " OR (", handle, " AND ", context, " AND lang:en)");
    }
  }

  // By searching for strings; posts of this bench are lower-case words, @ and # terms, separated by single spaces.
  bool Matches(const std::string& spaced, const std::vector<std::string>& words) const {
    const auto has = [&](const std::string& term) {
      return spaced.find(absl::StrCat(" ", term, " ")) != std::string::npos;
    };
    const bool named = has(name) || has("@" + handle) || has("#" + handle);
    if (kind == 1) return named && !has(context);
    if (named || kind == 0) return named;
    if (kind == 3) return has(handle) && has(context);
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != handle) continue;
      for (size_t j = i < 5 ? 0 : i - 5; j < std::min(words.size(), i + 6); ++j) {
        if (j != i && (words[j] == context || words[j] == "flight")) return true;
      }
    }
    return false;
  }
};

struct Workload {
  std::vector<Case> cases;
  std::vector<std::string> posts;
  std::unique_ptr<Matcher> matcher;
  double matched_share = 0;
  double compile_s = 0;
};

std::vector<Case> MakeCases(size_t count, std::mt19937_64* rng) {
  std::vector<Case> cases(count);
  for (size_t i = 0; i < count; ++i) {
    // Every third name begins with a common word.
    const uint64_t first = i % 3 == 0 ? (*rng)() % 2'000 : 2'000 + (*rng)() % 100'000;
    const uint64_t second = 2'000 + (*rng)() % 100'000;
    cases[i].name = absl::StrCat(Word(first), " ", Word(second));
    cases[i].handle = absl::StrCat(Word(2'000 + (*rng)() % 100'000), Word((*rng)() % 5'000));
    cases[i].context = Word((*rng)() % 5'000);
    cases[i].kind = static_cast<int>(i % 4);
  }
  return cases;
}

std::string MakePost(const std::vector<Case>& cases, std::mt19937_64* rng) {
  std::vector<std::string> words;
  size_t size = 0;
  std::uniform_real_distribution<double> uniform(0, 1);
  while (size < 128) {
    // Ranks as in texts: a word's frequency falls with its rank, over 100,000 words.
    const auto rank = static_cast<uint64_t>(std::exp(uniform(*rng) * std::log(100'000.0)));
    std::string word = Word(rank);
    const double kind = uniform(*rng);
    if (kind < 0.03) word = "@" + word;
    if (kind > 0.97) word = "#" + word;
    size += word.size() + 1;
    words.push_back(std::move(word));
  }
  if (uniform(*rng) < kMatchedShare) {
    const Case& brand = cases[(*rng)() % cases.size()];
    const double kind = uniform(*rng);
    words[(*rng)() % words.size()] = kind < 0.4 ? brand.name : kind < 0.7 ? "@" + brand.handle : "#" + brand.handle;
  }
  return absl::StrJoin(words, " ");
}

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "match_bench: %s\n", why.c_str());
  std::abort();
}

// Plain evaluation of up to 300 queries over 300 posts: the sampled queries and all that the matcher says matched.
void Check(const Workload& workload) {
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  const size_t step = std::max<size_t>(1, workload.cases.size() / 300);
  for (size_t p = 0; p < 300; ++p) {
    const std::string& text = workload.posts[p];
    const std::string spaced = absl::StrCat(" ", text, " ");
    const std::vector<std::string> words = [&] {
      std::vector<std::string> split;
      for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find(' ', at), text.size());
        split.push_back(text.substr(at, end - at));
        at = end + 1;
      }
      return split;
    }();
    Post post;
    post.text = text;
    post.language = "en";
    workload.matcher->Match(post, &scratch, &matches);
    std::set<uint32_t> matched;
    for (const BrandMatch& match : matches) matched.insert(match.brand);
    std::set<uint32_t> sample = matched;
    for (size_t i = p % step; i < workload.cases.size(); i += step) sample.insert(static_cast<uint32_t>(i));
    for (const uint32_t i : sample) {
      if (workload.cases[i].Matches(spaced, words) != matched.contains(i)) {
        Fail(absl::StrCat("differs: ", workload.cases[i].Query(), " on ", text));
      }
    }
  }
}

const Workload& GetWorkload(size_t count) {
  static std::map<size_t, Workload> made;
  Workload& workload = made[count];
  if (workload.matcher != nullptr) return workload;
  std::mt19937_64 rng(count);
  workload.cases = MakeCases(count, &rng);
  for (size_t i = 0; i < kPosts; ++i) workload.posts.push_back(MakePost(workload.cases, &rng));
  const auto start = std::chrono::steady_clock::now();
  std::vector<QueryNode> queries(count);
  std::vector<Matcher::Source> sources;
  QueryError error;
  for (size_t i = 0; i < count; ++i) {
    if (!ParseQuery(workload.cases[i].Query(), &queries[i], &error)) Fail(error.what);
    sources.push_back({&queries[i], {}, false});
  }
  workload.matcher = std::make_unique<Matcher>(sources);
  workload.compile_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Check(workload);
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  size_t matched = 0;
  for (const std::string& text : workload.posts) {
    Post post;
    post.text = text;
    workload.matcher->Match(post, &scratch, &matches);
    matched += matches.empty() ? 0u : 1u;
  }
  workload.matched_share = static_cast<double>(matched) / kPosts;
  return workload;
}

void BM_MatcherMatch(benchmark::State& state) {
  const Workload& workload = GetWorkload(static_cast<size_t>(state.range(0)));
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  size_t next = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    Post post;
    post.text = workload.posts[next];
    post.language = "en";
    workload.matcher->Match(post, &scratch, &matches);
    benchmark::DoNotOptimize(matches.data());
    bytes += post.text.size();
    if (++next == workload.posts.size()) next = 0;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["matched"] = workload.matched_share;

  state.counters["MB"] = static_cast<double>(workload.matcher->MemoryBytes()) / 1e6;
  state.counters["compile_ms"] = workload.compile_s * 1e3;
}
BENCHMARK(BM_MatcherMatch)->ArgName("queries")->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000);

// The part that does not depend on the watchlist.
void BM_TokenizerAddText(benchmark::State& state) {
  const Workload& workload = GetWorkload(10);
  Tokenizer tokenizer;
  size_t next = 0;
  for (auto _ : state) {
    tokenizer.Reset({});
    tokenizer.AddText(workload.posts[next]);
    tokenizer.Finish();
    benchmark::DoNotOptimize(tokenizer.tokens().data());
    if (++next == workload.posts.size()) next = 0;
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
