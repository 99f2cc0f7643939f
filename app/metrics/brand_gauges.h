// The gauges of brands: velocity, expectation, negative ratio, open incident.
//
// There may be a hundred thousand brands, and a time series of each would sink a Prometheus. So only some are exposed:
// those that the configuration names, and of the others the `top` first, in the order of open incident, level, negative
// mentions, mentions, id. How many were left out is a gauge of its own. What is no longer exposed is removed at once.
//
// Thread-safe.
#pragma once

#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operators/incident/brand_status.h"

namespace tocsin {

class BrandGauges {
 public:
  // `registry` must outlive this.
  explicit BrandGauges(prometheus::Registry* registry);

  // How many brands are exposed beside those in `always`, which are whenever they have something to show.
  void Choose(size_t top, const std::vector<std::string>& always);

  // What is to be seen of all brands that `worker` owns, in place of what it has shown before.
  void Show(const std::string& worker, std::vector<BrandStatus> brands);

  // Brings the gauges up to date with what was shown; call before exposition.
  void Refresh();

 private:
  using Family = prometheus::Family<prometheus::Gauge>;
  using Series = std::map<std::pair<Family*, prometheus::Labels>, double>;

  // The brands that are exposed, of all that are shown. REQUIRES: mu_.
  std::vector<const BrandStatus*> Chosen() const;
  void Add(const BrandStatus& brand, Series* series) const;

  std::mutex mu_;
  size_t top_ = 100;
  std::set<std::string> always_;
  std::map<std::string, std::vector<BrandStatus>> shown_;  // by worker
  std::map<std::pair<Family*, prometheus::Labels>, prometheus::Gauge*> gauges_;

  // Constant after construction; the registry owns them.
  Family *velocity_, *expected_, *expected_high_;
  Family *negative_, *negative_low_, *negative_high_, *expected_negative_;
  Family *level_, *onset_, *response_, *networks_, *escalated_, *info_;
  Family* incidents_;
  prometheus::Gauge *active_, *hidden_;
};

}  // namespace tocsin
