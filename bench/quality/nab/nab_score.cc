#include "bench/quality/nab/nab_score.h"

#include <algorithm>
#include <cmath>

namespace tocsin {
namespace {

struct Profile {
  double false_alarm;
  double miss;
};
constexpr std::array<Profile, 3> kProfiles = {Profile{0.11, 1}, Profile{0.22, 1}, Profile{0.11, 2}};

double Sigmoid(double y) { return y > 3 ? -1 : 2 / (1 + std::exp(5 * y)) - 1; }

size_t Probation(size_t rows) { return std::min<size_t>(rows * 15 / 100, 750); }

// What alarms earn and cost in one series, before weights.
struct Tally {
  double earned = 0;
  double false_cost = 0;
  size_t hits = 0;
  size_t false_alarms = 0;
  size_t misses = 0;
};

Tally TallyOf(const LabelledSeries& series, const std::vector<size_t>& alarms) {
  Tally tally;
  const size_t begin = Probation(series.rows);
  for (const auto& [first, last] : series.windows) {
    const auto hit = std::find_if(alarms.begin(), alarms.end(),
                                  [&, low = std::max(begin, first)](size_t row) { return row >= low; });
    if (hit != alarms.end() && *hit <= last) {
      ++tally.hits;
      const double place = -static_cast<double>(last - *hit + 1) / static_cast<double>(last - first + 1);
      tally.earned += Sigmoid(place) / Sigmoid(-1);
    } else if (last >= begin) {
      ++tally.misses;
    }
  }
  for (const size_t row : alarms) {
    if (row < begin) continue;
    const auto next = std::find_if(series.windows.begin(), series.windows.end(),
                                   [row](const auto& window) { return window.second >= row; });
    if (next != series.windows.end() && next->first <= row) continue;
    ++tally.false_alarms;
    if (next == series.windows.begin()) {
      tally.false_cost += 1;
      continue;
    }
    const auto& [first, last] = *std::prev(next);
    tally.false_cost -= Sigmoid(static_cast<double>(row - last) / static_cast<double>(last - first));
  }
  return tally;
}

}  // namespace

NabScore ScoreAlarms(const std::vector<LabelledSeries>& series, const std::vector<std::vector<size_t>>& alarms) {
  NabScore score;
  std::array<double, 3> total = {};
  std::array<double, 3> none = {};
  for (size_t i = 0; i < series.size(); ++i) {
    const Tally tally = TallyOf(series[i], alarms[i]);
    score.windows += series[i].windows.size();
    score.hits += tally.hits;
    score.false_alarms += tally.false_alarms;
    score.scored_rows += series[i].rows - Probation(series[i].rows);
    for (size_t p = 0; p < kProfiles.size(); ++p) {
      const Profile& profile = kProfiles[p];
      total[p] +=
          tally.earned - profile.false_alarm * tally.false_cost - profile.miss * static_cast<double>(tally.misses);
      none[p] -= profile.miss * static_cast<double>(tally.hits + tally.misses);
    }
  }
  for (size_t p = 0; p < kProfiles.size(); ++p) {
    const double perfect = static_cast<double>(score.windows);
    score.profiles[p] = perfect > none[p] ? 100 * (total[p] - none[p]) / (perfect - none[p]) : 0;
  }
  return score;
}

}  // namespace tocsin
