// Detection over simulated brands: time to detect, decoys, false alarms. Prints one table.
//
//   detection_quality [seeds] [quiet brands of each rate] [days]
//
// Of quiet brands false confirmations are given with the upper end of their one-sided 95 % interval; the share of
// negatives is constant, then wanders (standard deviation of its log odds: 10 % becomes 6 to 17 % now and then).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/operators/incident/brand_simulation.h"

namespace tocsin {
namespace {

constexpr double kMissed = 1e8;

void PrintRise(const char* name, const RiseScenario& scenario, int64_t seeds) {
  std::vector<double> provisional;
  std::vector<double> confirmed;
  int64_t surges = 0;
  int64_t found = 0;
  int64_t sure = 0;
  int64_t incidents = 0;
  for (int64_t seed = 1; seed <= seeds; ++seed) {
    const CourseResult result = RunRise(scenario, static_cast<uint64_t>(seed));
    provisional.push_back(result.provisional_minutes);
    confirmed.push_back(result.confirmed_minutes);
    surges += result.surge_notices;
    incidents += result.incidents;
    found += result.provisional_minutes < kMissed ? 1 : 0;
    sure += result.confirmed_minutes < kMissed ? 1 : 0;
  }
  const auto share = [seeds](int64_t n) { return 100.0 * static_cast<double>(n) / static_cast<double>(seeds); };
  std::printf("%-44s provisional %5.1f %% %6.1f %6.1f | confirmed %5.1f %% %6.1f %6.1f | surges %.2f incidents %.2f\n",
              name, share(found), Quantile(provisional, 0.5), Quantile(provisional, 0.9), share(sure),
              Quantile(confirmed, 0.5), Quantile(confirmed, 0.9), share(surges) / 100, share(incidents) / 100);
  std::fflush(stdout);
}

RiseScenario Rise(double base, double peak, double minutes, double share, bool model) {
  RiseScenario scenario;
  scenario.base = base;
  scenario.peak = peak;
  scenario.rise_minutes = minutes;
  scenario.peak_share = share;
  if (model) {
    scenario.true_positive = 0.75;
    scenario.false_positive = 0.1;
  }
  return scenario;
}

// Upper end of the exact one-sided 95 % interval of a Poisson mean (Garwood, Biometrika 28, 1936): the mean at which so
// few events have a chance of 5 %.
double PoissonUpper95(int64_t events) {
  const auto chance_of_so_few = [events](double mean) {
    double term = std::exp(-mean);
    double sum = term;
    for (int64_t n = 1; n <= events; ++n) sum += term *= mean / static_cast<double>(n);
    return sum;
  };
  double low = 0;
  double high = 10 + 3 * static_cast<double>(events);
  while (high - low > 1e-6) {
    const double middle = (low + high) / 2;
    (chance_of_so_few(middle) > 0.05 ? low : high) = middle;
  }
  return high;
}

void PrintQuiet(double rate, int64_t brands, int64_t days, double share_wander) {
  QuietResult total;
  int64_t twice = 0;
  for (int64_t brand = 1; brand <= brands; ++brand) {
    const QuietResult result = RunQuiet(rate, days, static_cast<uint64_t>(brand), share_wander);
    total.provisional += result.provisional;
    total.confirmed += result.confirmed;
    total.surges += result.surges;
    total.feed_notices += result.feed_notices;
    total.days += result.days;
    twice += result.provisional > 1 ? 1 : 0;
  }
  const auto a_thousand = [&total](double events) { return 1000 * events / total.days; };
  std::printf(
      "quiet at %4.1f/min, share wanders by %.1f: %6.0f brand-days; provisional %lld (%.2f per 1,000; more than one in "
      "%lld brands), confirmed %lld (at most %.2f per 1,000), surges %.2f, feed notices %.2f per 1,000\n",
      rate, share_wander, total.days, static_cast<long long>(total.provisional),
      a_thousand(static_cast<double>(total.provisional)), static_cast<long long>(twice),
      static_cast<long long>(total.confirmed), a_thousand(PoissonUpper95(total.confirmed)),
      a_thousand(static_cast<double>(total.surges)), a_thousand(static_cast<double>(total.feed_notices)));
  std::fflush(stdout);
}

// What thresholds of its own bring a brand that is named `rate` times a minute, and what they cost.
void PrintOwn(const char* name, double rate, const BrandThresholds& own, int64_t seeds, int64_t brands, int64_t days) {
  RiseScenario scenario = Rise(rate, 10 * rate, 30, 0.6, true);
  scenario.own = own;
  std::vector<double> provisional, confirmed;
  for (int64_t seed = 1; seed <= seeds; ++seed) {
    const CourseResult result = RunRise(scenario, static_cast<uint64_t>(seed));
    provisional.push_back(result.provisional_minutes);
    confirmed.push_back(result.confirmed_minutes);
  }
  QuietResult total;
  for (int64_t brand = 1; brand <= brands; ++brand) {
    const QuietResult result = RunQuiet(rate, days, static_cast<uint64_t>(brand), 0.3, own);
    total.provisional += result.provisional;
    total.confirmed += result.confirmed;
    total.days += result.days;
  }
  const auto found = [](const std::vector<double>& minutes) {
    return std::count_if(minutes.begin(), minutes.end(), [](double value) { return value < kMissed; });
  };
  std::printf(
      "%s: provisional %lld, after %.1f, %.1f minutes; confirmed %lld, after %.1f, %.1f; %.0f quiet brand-days: "
      "provisional %.2f, confirmed %.2f per 1,000\n",
      name, static_cast<long long>(found(provisional)), Quantile(provisional, 0.5), Quantile(provisional, 0.9),
      static_cast<long long>(found(confirmed)), Quantile(confirmed, 0.5), Quantile(confirmed, 0.9), total.days,
      1000 * static_cast<double>(total.provisional) / total.days,
      1000 * static_cast<double>(total.confirmed) / total.days);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  const int64_t seeds = argc > 1 ? std::atoll(argv[1]) : 200;
  const int64_t brands = argc > 2 ? std::atoll(argv[2]) : 100;
  const int64_t days = argc > 3 ? std::atoll(argv[3]) : 31;
  std::printf("minutes after the rate passes 3x: median, p90; %lld seeds\n", static_cast<long long>(seeds));
  PrintRise("2 to 20/min in 30 min, 60 %, true labels", Rise(2, 20, 30, 0.6, false), seeds);
  PrintRise("2 to 20/min in 30 min, 60 %, classifier", Rise(2, 20, 30, 0.6, true), seeds);
  PrintRise("3 to 40/min in 20 min, 60 %, true labels", Rise(3, 40, 20, 0.6, false), seeds);
  PrintRise("3 to 40/min in 20 min, 60 %, classifier", Rise(3, 40, 20, 0.6, true), seeds);
  PrintRise("4 to 30/min in 5 h, 60 %, true labels", Rise(4, 30, 300, 0.6, false), seeds / 4 + 1);
  PrintRise("4 to 30/min in 5 h, 60 %, classifier", Rise(4, 30, 300, 0.6, true), seeds / 4 + 1);
  PrintRise("10 to 100/min in 30 min, 60 %, true labels", Rise(10, 100, 30, 0.6, false), seeds / 8 + 1);
  PrintRise("40 to 400/min in 30 min, 60 %, classifier", Rise(40, 400, 30, 0.6, true), seeds / 20 + 1);
  PrintRise("positive: 2 to 20/min, 10 %, true labels", Rise(2, 20, 30, 0.1, false), seeds);
  PrintRise("positive: 2 to 20/min, 10 %, classifier", Rise(2, 20, 30, 0.1, true), seeds);
  PrintRise("positive: 20 to 200/min, 10 %, classifier", Rise(20, 200, 30, 0.1, true), seeds / 8 + 1);

  for (const double share_wander : {0.0, 0.3}) {
    for (const double rate : {0.2, 2.0, 20.0}) PrintQuiet(rate, brands, days, share_wander);
  }
  std::printf("2 to 20/min, classifier, and quiet at 2/min (share wanders by 0.3), by the budget of false alarms:\n");
  for (const double false_alarms : {0.1, 1.0, 4.0, 16.0, 64.0}) {
    char name[32];
    std::snprintf(name, sizeof(name), "budget %5.1f", false_alarms);
    PrintOwn(name, 2, {.false_alarms = false_alarms}, seeds, brands / 5 + 1, days);
  }
  std::printf("0.2 to 2/min in 30 min, classifier, and quiet at 0.2/min, by thresholds of the brand's own:\n");
  PrintOwn("none", 0.2, {}, seeds, brands / 5 + 1, days);
  PrintOwn("negative_authors 5, confirmed_authors 10", 0.2, {.negative_authors = 5, .confirmed_authors = 10}, seeds,
           brands / 5 + 1, days);
  PrintOwn("the same and false_alarms 16", 0.2, {.false_alarms = 16, .negative_authors = 5, .confirmed_authors = 10},
           seeds, brands / 5 + 1, days);
  return 0;
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) { return tocsin::Main(argc, argv); }
