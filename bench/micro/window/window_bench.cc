#include <cstdint>
#include <random>
#include <vector>

#include "absl/log/check.h"
#include "benchmark/benchmark.h"
#include "operators/window/brand_windows.h"

namespace tocsin {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

std::vector<HeldMention> MakeMentions(int64_t per_second, int64_t seconds) {
  std::mt19937_64 random(1);
  std::vector<HeldMention> mentions;
  for (int64_t i = 0; i < per_second * seconds; ++i) {
    HeldMention mention;
    mention.event_time_ms = kStartMs + i * 1'000 / per_second;
    mention.post_hash = random();
    mention.author_hash = random() % static_cast<uint64_t>(per_second * seconds);
    mention.text_hash = random();
    mention.sentiment = static_cast<SentimentClass>(random() % 4);
    mention.kind = static_cast<PostKind>(random() % 4);
    mentions.push_back(mention);
  }
  return mentions;
}

// A brand in a storm, over two hours so that what enters also leaves: cost per mention of everything that windows do.
void BM_WindowMention(benchmark::State& state) {
  const WindowOptions options;
  const std::vector<HeldMention> mentions = MakeMentions(state.range(0), 7'200);
  for (auto _ : state) {
    BrandWindows windows(&options);
    int64_t end = kStartMs + options.slide_ms;
    for (const HeldMention& mention : mentions) {
      while (mention.event_time_ms >= end) {
        windows.AdvanceTo(end);
        end += options.slide_ms;
      }
      windows.Add(mention);
    }
    windows.AdvanceTo(end);
    CHECK_EQ(windows.Window(3).mentions, state.range(0) * 3'600);
    benchmark::DoNotOptimize(windows);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(mentions.size()));
}
BENCHMARK(BM_WindowMention)->ArgName("per_second")->Arg(1)->Arg(30)->Arg(300)->Unit(benchmark::kMillisecond);

// A slide of a brand of which nothing enters and one pane leaves or none.
void BM_WindowSlide(benchmark::State& state) {
  const WindowOptions options;
  HeldMention mention;
  mention.event_time_ms = kStartMs;
  BrandWindows windows(&options);
  windows.Add(mention);
  int64_t end = kStartMs + options.slide_ms;
  windows.AdvanceTo(end);
  CHECK_EQ(windows.Window(0).mentions, 1);
  for (auto _ : state) {
    end += options.slide_ms;
    windows.AdvanceTo(end);
    int64_t mentions = windows.Window(0).mentions;
    benchmark::DoNotOptimize(mentions);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_WindowSlide);

}  // namespace
}  // namespace tocsin
