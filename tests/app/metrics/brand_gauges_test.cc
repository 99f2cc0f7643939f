#include "app/metrics/brand_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

BrandStatus Quiet(const std::string& id, double mentions_per_minute, double negative_ratio) {
  BrandStatus brand;
  brand.id = id;
  brand.name = absl::StrCat("The ", id);
  brand.mentions_per_minute = mentions_per_minute;
  brand.negative_ratio = negative_ratio;
  return brand;
}

BrandStatus InTrouble(const std::string& id, int level) {
  BrandStatus brand = Quiet(id, 0, 0);
  brand.state = IncidentState::kConfirmed;
  brand.level = level;
  brand.networks = {{Network::kTwitter, 10}, {Network::kReddit, 3}};
  return brand;
}

class BrandGaugesTest : public testing::Test {
 protected:
  // By labels without their names, "acme,confirmed".
  std::map<std::string, double> Series(const std::string& name) {
    gauges_.Refresh();
    std::map<std::string, double> series;
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        series[absl::StrJoin(metric.label, ",", [](std::string* out, const prometheus::ClientMetric::Label& label) {
          out->append(label.value);
        })] = metric.gauge.value;
      }
    }
    return series;
  }
  std::vector<std::string> Exposed() {
    std::vector<std::string> ids;
    for (const auto& [id, value] : Series("tocsin_brand_mentions_per_second")) ids.push_back(id);
    return ids;
  }

  prometheus::Registry registry_;
  BrandGauges gauges_{&registry_};
};

TEST_F(BrandGaugesTest, ExposesThoseInTroubleBeforeThoseWithManyMentions) {
  gauges_.Choose(3, {});
  gauges_.Show("detect-0-0", {Quiet("loud", 100, 0.1), Quiet("angry", 50, 0.9), InTrouble("worst", 4)});
  gauges_.Show("detect-0-1", {Quiet("calm", 90, 0), InTrouble("bad", 1)});
  EXPECT_THAT(Exposed(), ElementsAre("angry", "bad", "worst"));
  EXPECT_THAT(Series("tocsin_brands_active"), ElementsAre(Pair("", 5)));
  EXPECT_THAT(Series("tocsin_brands_hidden"), ElementsAre(Pair("", 2)));
}

TEST_F(BrandGaugesTest, ExposesNamedBrandsBesideTheFirst) {
  gauges_.Choose(1, {"calm", "absent"});
  gauges_.Show("detect-0-0", {Quiet("loud", 100, 0.1), Quiet("calm", 1, 0), InTrouble("worst", 4)});
  EXPECT_THAT(Exposed(), ElementsAre("calm", "worst"));
}

TEST_F(BrandGaugesTest, TakesEqualBrandsInTheOrderOfTheirIds) {
  gauges_.Choose(2, {});
  gauges_.Show("detect-0-0", {Quiet("c", 1, 0), Quiet("b", 1, 0), Quiet("a", 1, 0)});
  EXPECT_THAT(Exposed(), ElementsAre("a", "b"));
}

TEST_F(BrandGaugesTest, RemovesAtOnceWhatAWorkerNoLongerShows) {
  gauges_.Show("detect-0-0", {InTrouble("acme", 2), Quiet("bolt", 5, 0.2)});
  EXPECT_THAT(Series("tocsin_brand_level"), UnorderedElementsAre(Pair("acme,confirmed", 2), Pair("bolt,quiet", 0)));
  EXPECT_THAT(Series("tocsin_brand_incident_mentions"),
              UnorderedElementsAre(Pair("acme,twitter", 10), Pair("acme,reddit", 3)));
  BrandStatus eased = InTrouble("acme", 2);
  eased.state = IncidentState::kEasing;
  eased.networks.clear();
  gauges_.Show("detect-0-0", {eased});
  EXPECT_THAT(Series("tocsin_brand_level"), ElementsAre(Pair("acme,easing", 2)));
  EXPECT_THAT(Series("tocsin_brand_incident_mentions"), IsEmpty());
  // The partition has gone to another worker, of this process or another one.
  gauges_.Show("detect-0-0", {});
  EXPECT_THAT(Series("tocsin_brand_level"), IsEmpty());
}

TEST_F(BrandGaugesTest, SaysWhoHasBeenCalledAsLongAsNobodyHasAcknowledged) {
  BrandStatus called = InTrouble("acme", 3);
  called.escalated_to = "head-of-comms";
  gauges_.Show("detect-0-0", {called, InTrouble("bolt", 3)});
  EXPECT_THAT(Series("tocsin_brand_escalated"), ElementsAre(Pair("acme,head-of-comms", 1)));
  gauges_.Show("detect-0-0", {InTrouble("acme", 3)});
  EXPECT_THAT(Series("tocsin_brand_escalated"), IsEmpty());
}

TEST_F(BrandGaugesTest, CountsOpenIncidentsOfHiddenBrandsToo) {
  gauges_.Choose(0, {});
  gauges_.Show("detect-0-0", {InTrouble("a", 2), InTrouble("b", 5), Quiet("c", 1, 0)});
  EXPECT_THAT(Series("tocsin_incidents_open"),
              UnorderedElementsAre(Pair("provisional", 0), Pair("confirmed", 2), Pair("easing", 0)));
  EXPECT_THAT(Exposed(), IsEmpty());
}

TEST_F(BrandGaugesTest, HasNoSeriesForWhatIsNotKnown) {
  BrandStatus brand;
  brand.id = "acme";
  brand.mentions_per_minute = 30;
  gauges_.Show("detect-0-0", {brand});
  EXPECT_THAT(Series("tocsin_brand_mentions_per_second"), ElementsAre(Pair("acme", 0.5)));
  for (const char* name : {"tocsin_brand_negative_ratio", "tocsin_brand_expected_mentions_per_second",
                           "tocsin_brand_response_seconds", "tocsin_brand_incident_onset_timestamp_seconds"}) {
    EXPECT_THAT(Series(name), IsEmpty()) << name;
  }
}

TEST_F(BrandGaugesTest, AddsNoSeriesAsTimeGoesBy) {
  gauges_.Choose(5, {});
  for (int round = 0; round < 100; ++round) {
    std::vector<BrandStatus> brands;
    brands.reserve(50);
    for (int i = 0; i < 50; ++i) brands.push_back(Quiet(absl::StrCat("b", i), 1 + (i * 7 + round) % 50, 0));
    gauges_.Show("detect-0-0", std::move(brands));
    EXPECT_EQ(Exposed().size(), 5U);
  }
}

}  // namespace
}  // namespace tocsin
