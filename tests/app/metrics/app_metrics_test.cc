// Goal: docs/METRICS.md describes every metric that /metrics has, and none else.
// Method: an AppMetrics in which every series exists is collected, and held against the document's tables by name, type
// and labels.
#include "app/metrics/app_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace tocsin {
namespace {

// By name: "type; labels in order".
using Described = std::map<std::string, std::string>;

BrandStatus EverythingKnown() {
  BrandStatus brand;
  brand.id = "acme";
  brand.name = "Acme";
  brand.sector = "tools";
  brand.owner = "on call";
  brand.mentions_per_minute = 12;
  brand.negative_ratio = 0.5;
  brand.negative_low = 0.4;
  brand.negative_high = 0.6;
  brand.expected_per_minute = 3;
  brand.expected_high_per_minute = 6;
  brand.expected_negative_ratio = 0.1;
  brand.state = IncidentState::kConfirmed;
  brand.level = 3;
  brand.onset_ms = 1'767'225'600'000;
  brand.response_ms = 60'000;
  brand.escalated_to = "head-of-comms";
  brand.networks = {{Network::kTwitter, 5}};
  return brand;
}

std::vector<prometheus::MetricFamily> CollectAll(AppMetrics* metrics) {
  metrics->Ingest("ingest-0-0");
  DetectMetrics* detect = metrics->Detect("detect-0-0");
  detect->assigned->Set(1);
  detect->watermark_seconds->Set(1'767'225'600);
  detect->show_brands({EverythingKnown()});
  metrics->SetConfigVersion("00000000000000aa", INT64_MIN);
  metrics->Update(absl::FromUnixSeconds(1'767'225'630));
  return metrics->registry()->Collect();
}

std::string TypeName(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "another type";
  }
}

Described Exposed() {
  AppMetrics metrics;
  Described described;
  for (const prometheus::MetricFamily& family : CollectAll(&metrics)) {
    std::set<std::string> labels;
    for (const prometheus::ClientMetric& metric : family.metric) {
      for (const prometheus::ClientMetric::Label& label : metric.label) labels.insert(label.name);
    }
    described[family.name] = absl::StrCat(TypeName(family.type), "; ", absl::StrJoin(labels, ", "));
  }
  return described;
}

// Rows "| `name` | type | unit | labels | meaning |".
Described Documented() {
  std::ifstream file("docs/METRICS.md");
  Described described;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() != 7 || !absl::StrContains(cells[1], '`')) continue;
    for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
    std::set<std::string> labels;
    for (std::string_view label : absl::StrSplit(cells[4], ", ", absl::SkipEmpty())) {
      labels.emplace(absl::StripPrefix(absl::StripSuffix(label, "`"), "`"));
    }
    const std::string name(absl::StripPrefix(absl::StripSuffix(cells[1], "`"), "`"));
    EXPECT_FALSE(described.contains(name)) << name << " is described twice";
    EXPECT_GT(cells[5].size(), 20U) << name;
    EXPECT_FALSE(cells[3].empty()) << name << " has no unit";
    described[name] = absl::StrCat(cells[2], "; ", absl::StrJoin(labels, ", "));
  }
  return described;
}

TEST(AppMetricsTest, AreDescribedByNameTypeAndLabels) {
  const Described exposed = Exposed();
  EXPECT_GT(exposed.size(), 50U);
  EXPECT_EQ(Documented(), exposed);
}

TEST(AppMetricsTest, HaveBaseUnitsAndEndCountersInTotal) {
  AppMetrics metrics;
  for (const prometheus::MetricFamily& family : CollectAll(&metrics)) {
    EXPECT_TRUE(absl::StartsWith(family.name, "tocsin_") || absl::StartsWith(family.name, "process_")) << family.name;
    EXPECT_EQ(absl::EndsWith(family.name, "_total"), family.type == prometheus::MetricType::Counter) << family.name;
    EXPECT_TRUE(absl::EndsWith(family.help, ".")) << family.name;
    for (const char* unit : {"_ms", "milliseconds", "_minutes", "_kb", "percent"}) {
      EXPECT_FALSE(absl::StrContains(family.name, unit)) << family.name;
    }
  }
}

TEST(AppMetricsTest, CountTheSameWorkerOnAfterARestart) {
  AppMetrics metrics;
  metrics.Ingest("a")->posts->Increment(2);
  metrics.Ingest("a")->posts->Increment(3);
  metrics.Ingest("b")->posts->Increment(5);
  EXPECT_EQ(metrics.Sum().posts, 10);
  EXPECT_EQ(metrics.Ingest("a")->posts->Value(), 5);
}

TEST(AppMetricsTest, ComputeTheWatermarkLagAtExposition) {
  AppMetrics metrics;
  DetectMetrics* detect = metrics.Detect("detect-0-0");
  detect->watermark_seconds->Set(1'000);
  metrics.Update(absl::FromUnixSeconds(1'030));
  EXPECT_EQ(detect->watermark_lag_seconds->Value(), 0) << "without partitions";
  detect->assigned->Set(4);
  metrics.Update(absl::FromUnixSeconds(1'030));
  EXPECT_EQ(detect->watermark_lag_seconds->Value(), 30);
}

// For tests/observability, which gives it to promtool.
TEST(AppMetricsTest, WriteTheirExpositionWhereAskedTo) {
  const char* path = std::getenv("TOCSIN_WRITE_EXPOSITION");
  AppMetrics metrics;
  const std::string text = prometheus::TextSerializer().Serialize(CollectAll(&metrics));
  EXPECT_TRUE(absl::StrContains(text, "tocsin_brand_level{brand=\"acme\",state=\"confirmed\"} 3"));
  if (path != nullptr) std::ofstream(path) << text;
}

}  // namespace
}  // namespace tocsin
