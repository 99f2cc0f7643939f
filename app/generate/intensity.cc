#include "app/generate/intensity.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/time_units.h"

namespace tocsin {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int64_t kMondayDays = 4;  // 1970-01-01 was a Thursday; the 5th a Monday

std::vector<double> WithMeanOne(std::vector<double> values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value *= static_cast<double>(values.size()) / sum;
  return values;
}

// On the closed line through `values`, of which value i stands at `at` = i.
double Interpolated(const std::vector<double>& values, double at) {
  const double floor = std::floor(at);
  const auto left = static_cast<size_t>(floor) % values.size();
  const double share = at - floor;
  return values[left] * (1 - share) + values[(left + 1) % values.size()] * share;
}

}  // namespace

EventPhases PhasesOf(const ScenarioEvent& event) {
  EventPhases phases;
  phases.onset_ms = event.onset_ms;
  phases.peak_ms = event.onset_ms + event.rise_ms;
  phases.peak_end_ms = phases.peak_ms + event.hold_ms;
  const auto falls_to = [&event](double level) {
    return event.half_life_ms > 0 ? -std::log2(level) * static_cast<double>(event.half_life_ms)
                                  : static_cast<double>(event.scale_ms) * (std::pow(level, -1 / event.power) - 1);
  };
  phases.half_ms = phases.peak_end_ms + static_cast<int64_t>(falls_to(0.5));
  phases.end_ms = phases.peak_end_ms + static_cast<int64_t>(falls_to(kFadedLevel));
  return phases;
}

Intensity::Intensity(const Scenario& scenario)
    : scenario_(scenario), hours_(WithMeanOne(scenario.cycles.hours)), weekday_(WithMeanOne(scenario.cycles.weekday)) {}

double Intensity::Cycle(int64_t since_start_ms) const {
  const auto epoch_ms = static_cast<double>(scenario_.start_ms + since_start_ms);
  double cycle = 1;
  const double hour = std::fmod(epoch_ms, kDayMs) / kHourMs;
  if (!hours_.empty()) {
    cycle = Interpolated(hours_, hour);
  } else if (scenario_.cycles.amplitude > 0) {
    cycle += scenario_.cycles.amplitude * std::cos(2 * kPi * (hour - scenario_.cycles.peak_hour) / 24);
  }
  if (!weekday_.empty()) {
    const double days = epoch_ms / kDayMs - kMondayDays - 0.5 + 7;  // since a Monday's noon; never negative
    cycle *= Interpolated(weekday_, std::fmod(days, 7));
  }
  return cycle;
}

double Intensity::Level(const ScenarioEvent& event, int64_t since_start_ms) {
  const int64_t t = since_start_ms - event.onset_ms;
  if (t < 0) return 0;
  if (t < event.rise_ms) return static_cast<double>(t) / static_cast<double>(event.rise_ms);
  const auto fading = static_cast<double>(t - event.rise_ms - event.hold_ms);
  if (fading <= 0) return 1;
  const double level = event.half_life_ms > 0
                           ? std::exp2(-fading / static_cast<double>(event.half_life_ms))
                           : std::pow(1 + fading / static_cast<double>(event.scale_ms), -event.power);
  return level < kFadedLevel ? 0 : level;
}

double Intensity::EventPerMinute(const ScenarioEvent& event, size_t brand, int64_t since_start_ms) const {
  return Level(event, since_start_ms) * (event.factor - 1) * scenario_.brands[brand].per_minute;
}

double Intensity::BrandPerMinute(size_t brand, int64_t since_start_ms) const {
  double rate = scenario_.brands[brand].per_minute * Cycle(since_start_ms);
  for (const ScenarioEvent& event : scenario_.events) {
    if (std::find(event.brands.begin(), event.brands.end(), brand) != event.brands.end()) {
      rate += EventPerMinute(event, brand, since_start_ms);
    }
  }
  return rate;
}

double Intensity::ChatterPerMinute(int64_t since_start_ms) const {
  return scenario_.unmatched_per_minute * Cycle(since_start_ms);
}

}  // namespace tocsin
