// Cost of the decision side: one evaluation of a brand at a slide end, the tails, one signal rendered.
#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "engine/base/time_units.h"
#include "operators/detect/tail.h"
#include "operators/signal/signal.h"
#include "tests/operators/incident/brand_simulation.h"

namespace tocsin {
namespace {

constexpr int64_t kSlideMs = 5'000;

SimulatedCourse CalmCourse(double per_minute) {
  SimulatedCourse course;
  course.rate = [per_minute](double) { return per_minute; };
  course.share = [](double) { return 0.1; };
  course.true_positive = 0.75;
  course.false_positive = 0.1;
  return course;
}

// All slides of an hour of a calm brand, with the windows alone and with the monitor: the difference is its cost, bins
// and surge checks included. The timer would cost more than one evaluation.
void BM_BrandHour(benchmark::State& state) {
  const double per_minute = static_cast<double>(state.range(0)) / 10;
  SimulatedMentions mentions(CalmCourse(per_minute), 1);
  SimulatedBrand brand(SimulatedBrand::Evaluation::kEverySlide);
  brand.Run(&mentions, 0, 26 * 60);
  std::vector<HeldMention> rows;
  int64_t minute = 26 * 60;
  const bool with_monitor = state.range(1) != 0;
  FakeEvidence evidence;
  std::vector<Signal> signals;
  int64_t slides = 0;
  for (auto _ : state) {
    state.PauseTiming();
    rows.clear();
    for (int64_t i = 0; i < 60; ++i) mentions.Minute(minute + i, &rows);
    for (const HeldMention& row : rows) brand.Add(row);
    int64_t end_ms = kSimulationStartMs + minute * kMinuteMs;
    minute += 60;
    state.ResumeTiming();
    for (int64_t slide = 0; slide < 720; ++slide) {
      end_ms += kSlideMs;
      brand.windows().AdvanceTo(end_ms);
      if (with_monitor) brand.monitor().Evaluate(brand.windows(), brand.quality(), evidence, &signals);
    }
    slides += 720;
  }
  state.SetItemsProcessed(slides);
}

void BM_NegativeBinomialThreshold(benchmark::State& state) {
  const auto mean = static_cast<double>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(NegativeBinomialThreshold(mean, 3, 1e-5));
}

void BM_BinomialThreshold(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(BinomialThreshold(state.range(0), 0.165, 1e-4));
}

void BM_RenderSignal(benchmark::State& state) {
  Signal signal;
  signal.brand_id = "united";
  signal.tests.resize(20);
  signal.evidence.samples.resize(5);
  size_t bytes = 0;
  for (auto _ : state) bytes += RenderStructuredCloudEvent(signal, std::nullopt).size();
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

BENCHMARK(BM_BrandHour)->ArgNames({"per_10_minutes", "monitor"})->ArgsProduct({{2, 20, 200, 2000}, {0, 1}});
BENCHMARK(BM_NegativeBinomialThreshold)->Arg(1)->Arg(20)->Arg(400)->Arg(10'000);
BENCHMARK(BM_BinomialThreshold)->Arg(60)->Arg(1'000)->Arg(100'000);
BENCHMARK(BM_RenderSignal);

}  // namespace
}  // namespace tocsin
