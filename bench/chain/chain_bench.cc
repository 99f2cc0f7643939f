// The whole chain in memory, stage by stage: what a post costs from the bytes of its record to detect's decision.
//
// Each stage does all that the one before does, and more, so that the difference is its own cost:
//   parse     PostParser
//   match     and Watchlist::Match
//   classify  and BrandSentiment, for posts with a mention
//   block     the ingest chain as it is shipped: rows, samples, then a block for each of 16 mentions partitions
//   detect    and 16 tasks that apply the blocks: audit, deduplication, windows, metrics every minute, monitors
// A round of the benchmark is 12,000 posts in two seconds of event time and one flush. Rounds go on in event time with
// posts of their own, and what it takes to make them is not timed. Before anything is timed, a round's mentions are
// held against the generator's, and those that detect has counted against both.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "bench/chain/hardware_counters.h"
#include "bench/chain/workload.h"
#include "operators/ingest/ingest_chain.h"
#include "operators/match/watchlist_versions.h"
#include "operators/task/detect_task.h"

extern std::atomic<size_t> allocations;  // of tests/operators/match/counting_new.cc

namespace tocsin {
namespace {

constexpr uint32_t kPartitions = 16;
constexpr size_t kMaxPartBytes = size_t{900} << 10;
constexpr int kWarmUpRounds = 35;  // so that the window of a minute is full

enum class Stage : uint8_t { kParse, kMatch, kClassify, kBlock, kDetect };

// Everything that a stage needs, as one worker of each role has it.
class Chain {
 public:
  explicit Chain(const std::shared_ptr<const Watchlist>& watchlist)
      : watchlist_(watchlist),
        parser_(*Mapping::Preset("twitter_v1", std::nullopt), PostParserOptions()),
        sentiment_(&SentimentModel::Default()),
        ingest_(IngestOptions(), std::make_shared<FixedVersions>(watchlist, 1), &SentimentModel::Default()) {
    DetectTaskOptions options;
    options.metrics_every_ms = 60'000;
    options.partitions = kPartitions;
    options.monitor.config_hash = 1;
    for (uint32_t i = 0; i < kPartitions; ++i) {
      options.partition = static_cast<int32_t>(i);
      tasks_.push_back(std::make_unique<DetectTask>(options, watchlist));
    }
    range_.topic = "posts";
    range_.out_of_orderness_ms = 2'000;
  }

  // The mentions that the stage has found.
  int64_t Round(Stage stage, const ChainWorkload& workload) {
    if (stage >= Stage::kBlock) return Ingest(stage, workload);
    int64_t mentions = 0;
    for (const Record& record : workload.records()) {
      Post post;
      CHECK(parser_.Parse(record.value, 0, record.append_time_ms, &post) == DropReason::kNone);
      benchmark::DoNotOptimize(post);
      if (stage == Stage::kParse) continue;
      matches_.clear();
      watchlist_->Match(post, &scratch_, &matches_);
      mentions += static_cast<int64_t>(matches_.size());
      if (stage == Stage::kMatch || matches_.empty()) continue;
      sentiment_.Read(*watchlist_, post, &scratch_, matches_);
      for (const BrandMatch& match : matches_) benchmark::DoNotOptimize(sentiment_.Of(match));
    }
    return mentions;
  }

  int64_t applied() const {
    int64_t sum = 0;
    for (const auto& task : tasks_) sum += task->counters().applied;
    return sum;
  }

 private:
  int64_t Ingest(Stage stage, const ChainWorkload& workload) {
    const int64_t count = static_cast<int64_t>(workload.records().size());
    range_.matched = range_.unmatched = 0;
    for (const Record& record : workload.records()) {
      const IngestChain::Result result = ingest_.Process(parser_, record, 0, /*source=*/0);
      ++(result.outcome == IngestChain::Outcome::kMatched ? range_.matched : range_.unmatched);
    }
    range_.from = workload.records().front().offset;
    range_.to = range_.from + count;
    range_.records = static_cast<uint32_t>(count);
    range_.highest_event_time_ms = workload.highest_event_time_ms();
    const auto mentions = static_cast<int64_t>(ingest_.mention_count());
    for (uint32_t partition = 0; partition < kPartitions; ++partition) {
      ingest_.Build(partition, &builder_);
      parts_.clear();
      builder_.Encode(/*config_version=*/1, {range_}, kMaxPartBytes, &parts_);
      benchmark::DoNotOptimize(parts_);
      if (stage != Stage::kDetect) continue;
      for (const std::string& part : parts_) {
        outputs_.clear();
        CHECK_OK(tasks_[partition]->Apply(part, offset_++, &outputs_));
      }
    }
    ingest_.Clear();
    return mentions;
  }

  const std::shared_ptr<const Watchlist> watchlist_;
  PostParser parser_;
  MatchScratch scratch_;
  std::vector<BrandMatch> matches_;
  BrandSentiment sentiment_;
  IngestChain ingest_;
  BlockBuilder builder_;
  std::vector<std::string> parts_;
  SourceRange range_;
  std::vector<std::unique_ptr<DetectTask>> tasks_;
  Offset offset_ = 0;
  std::vector<DetectOutput> outputs_;
};

void CheckAgainstGenerator(ChainWorkload* workload) {
  Chain chain(workload->watchlist());
  workload->NextRound();
  for (const Stage stage : {Stage::kMatch, Stage::kClassify, Stage::kBlock, Stage::kDetect}) {
    CHECK_EQ(chain.Round(stage, *workload), workload->mentions());
  }
  CHECK_EQ(chain.applied(), workload->mentions());
}

// Made, and checked, once for the stages, which follow one another.
ChainWorkload& WorkloadOf(int32_t brands, int32_t matched_percent) {
  static std::pair<int32_t, int32_t> made;
  static std::unique_ptr<ChainWorkload> workload;
  if (workload == nullptr || made != std::pair(brands, matched_percent)) {
    workload.reset();
    workload = std::make_unique<ChainWorkload>(brands, matched_percent);
    made = {brands, matched_percent};
    CheckAgainstGenerator(workload.get());
  }
  return *workload;
}

void BM_Chain(benchmark::State& state, Stage stage) {
  ChainWorkload& workload = WorkloadOf(static_cast<int32_t>(state.range(0)), static_cast<int32_t>(state.range(1)));
  Chain chain(workload.watchlist());
  for (int i = 0; i < (stage == Stage::kDetect ? kWarmUpRounds : 2); ++i) {
    workload.NextRound();
    chain.Round(stage, workload);
  }
  HardwareCounters hardware;
  size_t allocated = 0;
  for (auto _ : state) {
    state.PauseTiming();
    workload.NextRound();
    const size_t before = allocations;
    hardware.Start();
    state.ResumeTiming();
    benchmark::DoNotOptimize(chain.Round(stage, workload));
    state.PauseTiming();
    hardware.Stop();
    allocated += allocations - before;
    state.ResumeTiming();
  }
  const auto posts = static_cast<double>(state.iterations()) * static_cast<double>(ChainWorkload::kPosts);
  state.SetItemsProcessed(static_cast<int64_t>(posts));
  using benchmark::Counter;
  // Seconds; the console shows them with a prefix.
  state.counters["per_post"] =
      Counter(static_cast<double>(ChainWorkload::kPosts), Counter::kIsIterationInvariantRate | Counter::kInvert);
  state.counters["allocations"] = static_cast<double>(allocated) / posts;
  state.counters["post_bytes"] = workload.mean_bytes();
  if (hardware.available()) {
    state.counters["instructions"] = static_cast<double>(hardware.instructions()) / posts;
    state.counters["cache_misses"] = static_cast<double>(hardware.cache_misses()) / posts;
  } else {
    state.SetLabel("no hardware counters");
  }
}

// By workload, so that each is made once.
const bool kRegistered = [] {
  constexpr std::array<std::pair<const char*, Stage>, 5> kStages = {{{"parse", Stage::kParse},
                                                                     {"match", Stage::kMatch},
                                                                     {"classify", Stage::kClassify},
                                                                     {"block", Stage::kBlock},
                                                                     {"detect", Stage::kDetect}}};
  for (const int64_t brands : {10, 1'000, 10'000}) {
    for (const int64_t matched : {5, 33}) {
      for (const auto& [name, stage] : kStages) {
        benchmark::RegisterBenchmark((std::string("BM_Chain/") + name).c_str(), BM_Chain, stage)
            ->ArgNames({"brands", "matched_percent"})
            ->Unit(benchmark::kMillisecond)
            ->Args({brands, matched});
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace tocsin
