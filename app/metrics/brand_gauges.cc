#include "app/metrics/brand_gauges.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace tocsin {
namespace {

constexpr double kSecondsOfMinute = 60;
constexpr size_t kStates = 3;  // of an open incident
constexpr std::array<IncidentState, kStates> kOpenStates = {IncidentState::kProvisional, IncidentState::kConfirmed,
                                                            IncidentState::kEasing};

prometheus::Family<prometheus::Gauge>* FamilyOf(prometheus::Registry* registry, const char* name, const char* help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(*registry);
}

bool IsOpen(const BrandStatus& brand) { return brand.state != IncidentState::kQuiet; }

double NegativePerMinute(const BrandStatus& brand) {
  return brand.negative_ratio.value_or(0) * brand.mentions_per_minute;
}

bool ComesFirst(const BrandStatus* a, const BrandStatus* b) {
  const auto rank = [](const BrandStatus& brand) {
    return std::make_tuple(IsOpen(brand), brand.level, NegativePerMinute(brand), brand.mentions_per_minute);
  };
  const auto of_a = rank(*a);
  const auto of_b = rank(*b);
  return of_a != of_b ? of_a > of_b : a->id < b->id;
}

}  // namespace

BrandGauges::BrandGauges(prometheus::Registry* registry)
    : velocity_(FamilyOf(registry, "tocsin_brand_mentions_per_second",
                         "Velocity: mentions of the brand over the last five minutes of event time.")),
      expected_(FamilyOf(registry, "tocsin_brand_expected_mentions_per_second",
                         "What the brand's own baseline expects of the velocity.")),
      expected_high_(FamilyOf(registry, "tocsin_brand_expected_high_mentions_per_second",
                              "Upper edge of the band around it: two standard deviations above.")),
      negative_(FamilyOf(registry, "tocsin_brand_negative_ratio",
                         "Share of the classified mentions of the last five minutes that are negative.")),
      negative_low_(
          FamilyOf(registry, "tocsin_brand_negative_low_ratio", "Lower end of the 95 % interval of that share.")),
      negative_high_(
          FamilyOf(registry, "tocsin_brand_negative_high_ratio", "Upper end of the 95 % interval of that share.")),
      expected_negative_(FamilyOf(registry, "tocsin_brand_expected_negative_ratio",
                                  "What the brand's own baseline expects of that share.")),
      level_(FamilyOf(registry, "tocsin_brand_level",
                      "Level of the brand's open incident, 1 to 5; 0 without one. The label state says how sure.")),
      onset_(FamilyOf(registry, "tocsin_brand_incident_onset_timestamp_seconds",
                      "Event time at which the open incident began, as Unix time.")),
      response_(FamilyOf(registry, "tocsin_brand_response_seconds",
                         "Time from the onset of the open incident to the brand's first own post; absent without.")),
      networks_(FamilyOf(registry, "tocsin_brand_incident_mentions",
                         "Mentions since the onset of the open incident, by network.")),
      escalated_(
          FamilyOf(registry, "tocsin_brand_escalated",
                   "1 while the open incident is with who is next of its route, since nobody has acknowledged.")),
      info_(FamilyOf(registry, "tocsin_brand_info",
                     "Always 1; the labels say what the brand is called and who owns its alerts.")),
      incidents_(FamilyOf(registry, "tocsin_incidents_open", "Open incidents of all brands, by state.")) {
  active_ = &FamilyOf(registry, "tocsin_brands_active",
                      "Brands with mentions in the last five minutes of event time, or an open incident.")
                 ->Add({});
  hidden_ = &FamilyOf(registry, "tocsin_brands_hidden", "Of those, brands whose gauges are not exposed.")->Add({});
}

void BrandGauges::Choose(size_t top, const std::vector<std::string>& always) {
  const std::lock_guard<std::mutex> lock(mu_);
  top_ = top;
  always_ = {always.begin(), always.end()};
}

void BrandGauges::Show(const std::string& worker, std::vector<BrandStatus> brands) {
  const std::lock_guard<std::mutex> lock(mu_);
  shown_[worker] = std::move(brands);
}

std::vector<const BrandStatus*> BrandGauges::Chosen() const {
  std::vector<const BrandStatus*> chosen;
  std::vector<const BrandStatus*> others;
  for (const auto& [worker, brands] : shown_) {
    for (const BrandStatus& brand : brands) (always_.contains(brand.id) ? chosen : others).push_back(&brand);
  }
  const size_t top = std::min(top_, others.size());
  std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(top), others.end(), ComesFirst);
  chosen.insert(chosen.end(), others.begin(), others.begin() + static_cast<std::ptrdiff_t>(top));
  return chosen;
}

void BrandGauges::Add(const BrandStatus& brand, Series* series) const {
  const prometheus::Labels labels{{"brand", brand.id}};
  (*series)[{velocity_, labels}] = brand.mentions_per_minute / kSecondsOfMinute;
  (*series)[{info_, {{"brand", brand.id}, {"name", brand.name}, {"sector", brand.sector}, {"owner", brand.owner}}}] = 1;
  (*series)[{level_, {{"brand", brand.id}, {"state", std::string(IncidentStateName(brand.state))}}}] = brand.level;
  if (brand.expected_per_minute.has_value()) {
    (*series)[{expected_, labels}] = *brand.expected_per_minute / kSecondsOfMinute;
    (*series)[{expected_high_, labels}] = brand.expected_high_per_minute / kSecondsOfMinute;
  }
  if (brand.expected_negative_ratio.has_value()) {
    (*series)[{expected_negative_, labels}] = *brand.expected_negative_ratio;
  }
  if (brand.negative_ratio.has_value()) {
    (*series)[{negative_, labels}] = *brand.negative_ratio;
    (*series)[{negative_low_, labels}] = brand.negative_low;
    (*series)[{negative_high_, labels}] = brand.negative_high;
  }
  if (!IsOpen(brand)) return;
  (*series)[{onset_, labels}] = static_cast<double>(brand.onset_ms) * 1e-3;
  if (brand.response_ms.has_value()) (*series)[{response_, labels}] = static_cast<double>(*brand.response_ms) * 1e-3;
  if (!brand.escalated_to.empty()) {
    (*series)[{escalated_, {{"brand", brand.id}, {"next", brand.escalated_to}}}] = 1;
  }
  for (const auto& [network, mentions] : brand.networks) {
    (*series)[{networks_, {{"brand", brand.id}, {"network", std::string(NetworkName(network))}}}] =
        static_cast<double>(mentions);
  }
}

void BrandGauges::Refresh() {
  const std::lock_guard<std::mutex> lock(mu_);
  Series series;
  size_t active = 0;
  std::array<size_t, kStates> open = {};
  for (const auto& [worker, brands] : shown_) {
    active += brands.size();
    for (const BrandStatus& brand : brands) {
      for (size_t i = 0; i < kStates; ++i) open[i] += brand.state == kOpenStates[i] ? 1U : 0U;
    }
  }
  for (size_t i = 0; i < kStates; ++i) {
    series[{incidents_, {{"state", std::string(IncidentStateName(kOpenStates[i]))}}}] = static_cast<double>(open[i]);
  }
  const std::vector<const BrandStatus*> chosen = Chosen();
  for (const BrandStatus* brand : chosen) Add(*brand, &series);
  active_->Set(static_cast<double>(active));
  hidden_->Set(static_cast<double>(active - chosen.size()));
  for (auto gauge = gauges_.begin(); gauge != gauges_.end();) {
    if (series.contains(gauge->first)) {
      ++gauge;
      continue;
    }
    gauge->first.first->Remove(gauge->second);
    gauge = gauges_.erase(gauge);
  }
  for (const auto& [key, value] : series) {
    prometheus::Gauge*& gauge = gauges_[key];
    if (gauge == nullptr) gauge = &key.first->Add(key.second);
    gauge->Set(value);
  }
}

}  // namespace tocsin
