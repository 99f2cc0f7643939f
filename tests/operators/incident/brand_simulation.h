// A brand's mentions made by seed, and the chain of windows and monitor that they run through: what tests and benches
// of detection share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "operators/detect/level_tests.h"
#include "operators/incident/brand_monitor.h"

namespace tocsin {

inline constexpr int64_t kSimulationStartMs = 1'795'132'800'000;  // a Friday, midnight UTC

// Over-dispersed mentions: in each minute a Poisson number around the rate times a gamma factor of mean 1 (so a
// negative binomial of size `size` a minute), each truly negative by `share`, then classified with the two error rates.
struct SimulatedCourse {
  std::function<double(double minute)> rate;
  std::function<double(double minute)> share;
  double true_positive = 1;
  double false_positive = 0;
  double size = 5;  // of the negative binomial; the smaller, the wilder
  double repost_share = 0;
};

class SimulatedMentions {
 public:
  SimulatedMentions(SimulatedCourse course, uint64_t seed) : course_(std::move(course)), random_(seed) {}

  // The mentions of minute number `minute`, unordered within it.
  void Minute(int64_t minute, std::vector<HeldMention>* mentions);

 private:
  SimulatedCourse course_;
  std::mt19937_64 random_;
};

// Samples and sources as a task would hold them.
class FakeEvidence final : public EvidenceSource {
 public:
  FakeEvidence();
  std::optional<Sample> FindSample(const HeldMention& row) const override;
  const TopicPartition& Source(int16_t index) const override;
  SectorCourse Sector(const Brand& brand, int64_t from_ms, int64_t end_ms) override;
  // What the other brands are said to do.
  void set_sector(std::vector<SectorMember> members) { members_ = std::move(members); }

 private:
  std::vector<SectorMember> members_;
  Sample sample_;
  TopicPartition source_{"posts", 0};
};

// Windows and monitor of one brand, evaluated as a task does.
class SimulatedBrand {
 public:
  enum class Evaluation : uint8_t { kEverySlide, kWhenDue };

  explicit SimulatedBrand(Evaluation evaluation = Evaluation::kWhenDue);

  void Add(const HeldMention& mention) { windows_.Add(mention); }
  // Evaluates every slide end up to and including `end_ms` (or only those that are due).
  void RunTo(int64_t end_ms);
  // Minutes [from, to) of the mentions.
  void Run(SimulatedMentions* mentions, int64_t from_minute, int64_t to_minute);

  // Someone does `kind` just now, at the slide end up to which it ran.
  ActionError Act(Action action);

  // The watchlist says this of the brand from now on.
  void Define(const BrandThresholds& own, std::vector<int64_t> crisis_history_ms = {});

  // Replaces the monitor by what its encoding gives.
  void Reload();

  BrandMonitor& monitor() { return *monitor_; }
  BrandWindows& windows() { return windows_; }
  FeedQuality& quality() { return quality_; }
  FakeEvidence& evidence() { return evidence_; }
  Route& route() { return route_; }
  MonitorOptions& options() { return options_; }
  const std::vector<Signal>& signals() const { return signals_; }
  std::string Encoded() const;
  int64_t evaluations() const { return evaluations_; }

 private:
  Evaluation evaluation_;
  WindowOptions window_options_;
  MonitorOptions options_;
  Brand brand_;
  Route route_;
  FakeEvidence evidence_;
  FeedQuality quality_;
  BrandWindows windows_;
  std::unique_ptr<BrandMonitor> monitor_;
  std::vector<Signal> signals_;
  int64_t end_ms_ = kSimulationStartMs;
  int64_t evaluations_ = 0;
};

// First signal that satisfies, or null.
const Signal* FindSignal(const std::vector<Signal>& signals, const std::function<bool(const Signal&)>& predicate);

// What the incident in `signals` went through: the state of each signal of a crisis, repeats left out.
std::vector<IncidentState> IncidentStates(const std::vector<Signal>& signals);

// An original on Twitter by the author `id`, with a text that nobody else has.
HeldMention PlainMention(int64_t at_ms, uint64_t id, SentimentClass sentiment);

// What the bench and the tests ask of many seeds. Times in minutes after the rate passes three times the base; a miss
// is 1e9.
struct CourseResult {
  double provisional_minutes = 1e9;
  double confirmed_minutes = 1e9;
  int64_t surge_notices = 0;
  int64_t incidents = 0;
};

// Two days at the base, then a rise to `peak` and `peak_share` over `rise_minutes`, held for two hours.
struct RiseScenario {
  double base = 2;
  double peak = 20;
  double rise_minutes = 30;
  double base_share = 0.1;
  double peak_share = 0.6;
  double true_positive = 1;
  double false_positive = 0;
  double repost_share = 0;
  double size = 5;
  BrandThresholds own = {};
};
CourseResult RunRise(const RiseScenario& scenario, uint64_t seed);

// Quantile of a sample by rank (0.5: the upper median).
double Quantile(std::vector<double> values, double quantile);

// Quiet brands with a daily rhythm (night to day 1 : 3.5), a weekly one (weekends 0.7) and a slow wander of the rate.
// The share of negatives is 10 %, and wanders likewise by `share_wander`, the standard deviation of its log odds.
struct QuietResult {
  int64_t provisional = 0;
  int64_t confirmed = 0;
  int64_t surges = 0;
  int64_t feed_notices = 0;
  double days = 0;  // behind the first, in which the baseline is learnt
};
QuietResult RunQuiet(double rate, int64_t days, uint64_t seed, double share_wander = 0,
                     const BrandThresholds& own = {});

}  // namespace tocsin
