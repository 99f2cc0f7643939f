// Time from the bytes of a post to a Post. Every post of the workload is compared with the naive parser first.
#include "operators/parse/post_parser.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "bench/micro/parse/tweet_maker.h"
#include "operators/parse/event_time.h"
#include "operators/parse/json_index.h"
#include "operators/parse/mapping.h"
#include "tests/operators/parse/naive_parser.h"

namespace tocsin {
namespace {

constexpr size_t kPosts = 2'000;

std::vector<std::string> MakePosts(int64_t reposts_percent) {
  TweetMaker maker(17);
  std::vector<std::string> posts;
  for (size_t i = 0; i < kPosts; ++i) {
    const bool repost = static_cast<int64_t>(i % 100) < reposts_percent;
    posts.push_back(repost ? maker.Repost() : maker.Original());
  }
  return posts;
}

std::shared_ptr<const Mapping> TwitterMapping() {
  auto mapping = Mapping::Preset("twitter_v1", std::nullopt);
  CHECK(mapping.ok()) << mapping.status();
  return *mapping;
}

void CheckAgainstNaive(const std::vector<std::string>& posts, PostParser* parser) {
  const MappingSpec spec = Mapping::PresetSpec("twitter_v1");
  for (const std::string& record : posts) {
    Post post;
    NaivePost expected;
    CHECK(parser->Parse(record, 0, -1, &post) == DropReason::kNone);
    CHECK(NaiveParse(record, spec, -1, &expected) == DropReason::kNone);
    CHECK(Own(post) == expected) << Describe(Own(post)) << " instead of " << Describe(expected);
  }
}

void Count(const std::vector<std::string>& posts, benchmark::State& state) {
  size_t bytes = 0;
  for (const std::string& post : posts) bytes += post.size();
  const auto rounds = static_cast<int64_t>(state.iterations());
  state.SetItemsProcessed(rounds);
  state.SetBytesProcessed(rounds * static_cast<int64_t>(bytes / posts.size()));
  state.counters["bytes_per_post"] = static_cast<double>(bytes) / static_cast<double>(posts.size());
}

void BM_PostParserTwitter(benchmark::State& state) {
  const std::vector<std::string> posts = MakePosts(state.range(0));
  PostParser parser(TwitterMapping(), PostParserOptions());
  CheckAgainstNaive(posts, &parser);
  size_t next = 0;
  for (auto _ : state) {
    Post post;
    benchmark::DoNotOptimize(parser.Parse(posts[next], 0, 1'600'000'000'000, &post));
    benchmark::DoNotOptimize(post);
    if (++next == posts.size()) next = 0;
  }
  Count(posts, state);
}
BENCHMARK(BM_PostParserTwitter)->ArgName("reposts_percent")->Arg(0)->Arg(30);

// The floor: simdjson's first stage alone.
void BM_JsonIndexBuild(benchmark::State& state) {
  const std::vector<std::string> posts = MakePosts(0);
  JsonIndex index;
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.Build(posts[next], 0));
    if (++next == posts.size()) next = 0;
  }
  Count(posts, state);
}
BENCHMARK(BM_JsonIndexBuild);

void BM_NaiveParserTwitter(benchmark::State& state) {
  const std::vector<std::string> posts = MakePosts(0);
  const MappingSpec spec = Mapping::PresetSpec("twitter_v1");
  size_t next = 0;
  for (auto _ : state) {
    NaivePost post;
    benchmark::DoNotOptimize(NaiveParse(posts[next], spec, -1, &post));
    if (++next == posts.size()) next = 0;
  }
  Count(posts, state);
}
BENCHMARK(BM_NaiveParserTwitter);

void BM_EventTime(benchmark::State& state) {
  const std::pair<std::string, int64_t> cases[] = {{"1540000000123", 1'540'000'000'123},
                                                   {"2018-10-20T01:46:40.123Z", 1'540'000'000'123},
                                                   {"Sat Oct 20 01:46:40 +0000 2018", 1'540'000'000'000}};
  const auto& [text, expected] = cases[state.range(0)];
  CHECK_EQ(ReadEventTime(text), expected) << text;
  for (auto _ : state) {
    std::string_view view = text;
    benchmark::DoNotOptimize(view);
    benchmark::DoNotOptimize(ReadEventTime(view));
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_EventTime)->ArgName("form")->DenseRange(0, 2);

}  // namespace
}  // namespace tocsin
