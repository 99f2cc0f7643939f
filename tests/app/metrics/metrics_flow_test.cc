// Goal: what /metrics says of a brand is what the topics say, and workers that lose their partitions show nothing.
// Method: both workers over the log in memory, an hour of one brand's posts with a crisis at the end; the last signal
// and the last record of brand-metrics against the gauges.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/settings.h"
#include "app/worker/detect_worker.h"
#include "app/worker/ingest_worker.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"

namespace tocsin {
namespace {

using ::nlohmann::json;

constexpr int64_t kStartMs = 1'767'225'600'000;
// The last post lies before the end of a minute, at which a record of brand-metrics is written.
constexpr int64_t kSeconds = 70 * 60 - 2;
constexpr int64_t kCrisisSecond = 50 * 60;

constexpr char kConfig[] = R"(deployment: test
sources:
  - {topics: [posts], preset: generic, start: earliest, out_of_orderness: 2s}
watchlist: w.yaml
topics: {mentions_partitions: 1}
)";
constexpr char kWatchlist[] = R"(brands:
  - {id: acme, name: Acme, query: acme, sector: tools, route: desk, official_accounts: [acmehelp]}
routes:
  desk: {owner: the desk}
)";

class MetricsFlowTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<Config> config = ParseConfig(kConfig, "test.yaml");
    CHECK_OK(config.status());
    settings_ = *MakeSettings(*std::move(config), kWatchlist);
    std::vector<TopicSpec> topics = settings_->topic_specs;
    topics.push_back({"posts", 1, -1, {}});
    CHECK_OK(log_.EnsureTopics(topics, true));
    IngestWorkerOptions ingest = settings_->ingest;
    ingest.transactional_id = ingest.member = ingest.group = "ingest";
    ingest_ = *IngestWorker::Create(ingest, &log_, &log_, &clock_,
                                    std::make_shared<FixedVersions>(settings_->watchlist, settings_->config_version),
                                    settings_->model, metrics_.Ingest("ingest"));
    DetectWorkerOptions detect = settings_->detect;
    detect.transactional_id = detect.member = detect.group = "detect";
    DetectTaskOptions task = settings_->task;
    task.monitor.baseline_ready_ms = 600'000;
    publisher_ = std::make_unique<LogPublisher>(settings_->topics, &clock_);
    detect_ = *DetectWorker::Create(
        detect, &log_, &clock_,
        [task, this](int32_t) { return std::make_unique<DetectTask>(task, settings_->watchlist); }, publisher_.get(),
        metrics_.Detect("detect"));
  }

  void Post(int64_t time_ms, int64_t author, std::string_view text) {
    CHECK_OK(log_.Append({"posts", 0}, std::nullopt,
                         absl::StrCat(R"({"id":")", number_++, R"(","time":)", time_ms, R"(,"author":"u)", author,
                                      R"(","author_id":")", author, R"(","lang":"en","text":")", text, R"("})"),
                         {}, time_ms)
                 .status());
  }

  void Step(int64_t second) {
    clock_.Set(absl::FromUnixMillis(kStartMs + second * 1'000));
    for (int i = 0; i < 2; ++i) {
      CHECK_OK(ingest_->Step(absl::ZeroDuration()));
      CHECK_OK(detect_->Step(absl::ZeroDuration()));
    }
  }

  void Run() {
    for (int64_t second = 0; second < kSeconds; ++second) {
      const int64_t time_ms = kStartMs + second * 1'000;
      if (second % 15 == 0) Post(time_ms, second % 400, absl::StrCat("acme opens at ", second));
      if (second >= kCrisisSecond && second % 2 == 0) {
        Post(time_ms, 1'000 + second, absl::StrCat("acme is a disaster, worst service ever, number ", second));
      }
      Step(second);
    }
    for (int64_t second = kSeconds; second < kSeconds + 20; ++second) Step(second);
  }

  json Last(const std::string& topic, int64_t window_s) {
    const auto records = log_.ReadStored({topic, 0});
    json last;
    for (const StoredRecord& record : *records) {
      json value = json::parse(*record.value);
      if (window_s == 0 || value.at("window_s") == window_s) last = std::move(value);
    }
    return last;
  }

  std::map<std::string, double> Gauges() {
    metrics_.Update(clock_.Now());
    std::map<std::string, double> gauges;
    for (const prometheus::MetricFamily& family : metrics_.registry()->Collect()) {
      for (const prometheus::ClientMetric& metric : family.metric) {
        std::string labels;
        for (const auto& label : metric.label) {
          if (label.name != "worker") absl::StrAppend(&labels, ",", label.value);
        }
        gauges[absl::StrCat(family.name, labels)] = metric.gauge.value;
        if (family.type == prometheus::MetricType::Counter) {
          gauges[absl::StrCat(family.name, labels)] = metric.counter.value;
        }
      }
    }
    return gauges;
  }

  ManualClock clock_{absl::FromUnixMillis(kStartMs)};
  AppMetrics metrics_;
  std::shared_ptr<const PipelineSettings> settings_;
  MemoryLog log_{&clock_};
  std::unique_ptr<LogPublisher> publisher_;
  std::unique_ptr<IngestWorker> ingest_;
  std::unique_ptr<DetectWorker> detect_;
  int64_t number_ = 0;
};

TEST_F(MetricsFlowTest, SayWhatTheTopicsSay) {
  Run();
  const json metric = Last(settings_->topics.brand_metrics, 300);
  const json signal = Last(settings_->topics.signals, 0);
  std::map<std::string, double> gauges = Gauges();
  constexpr double kRounded = 5e-5;  // four decimals in the records
  ASSERT_EQ(signal.at("kind"), "crisis") << signal;
  ASSERT_GE(signal.at("level"), 1);
  EXPECT_NEAR(gauges.at("tocsin_brand_mentions_per_second,acme") * 60, metric.at("velocity_per_minute"), kRounded);
  EXPECT_NEAR(gauges.at("tocsin_brand_expected_mentions_per_second,acme") * 60, metric.at("expected"), kRounded);
  EXPECT_NEAR(gauges.at("tocsin_brand_negative_ratio,acme"), metric.at("negative_ratio"), kRounded);
  EXPECT_NEAR(gauges.at("tocsin_brand_negative_low_ratio,acme"), metric.at("low"), kRounded);
  EXPECT_NEAR(gauges.at("tocsin_brand_negative_high_ratio,acme"), metric.at("high"), kRounded);
  EXPECT_GT(gauges.at("tocsin_brand_expected_high_mentions_per_second,acme"),
            gauges.at("tocsin_brand_expected_mentions_per_second,acme"));
  const std::string state = signal.at("state");
  EXPECT_EQ(gauges.at(absl::StrCat("tocsin_brand_level,acme,", state)), signal.at("level").get<double>());
  EXPECT_EQ(gauges.at(absl::StrCat("tocsin_incidents_open,", state)), 1);
  EXPECT_EQ(gauges.at("tocsin_brand_info,acme,Acme,the desk,tools"), 1);
  absl::Time onset;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, signal.at("times").at("onset").get<std::string>(), &onset, nullptr));
  EXPECT_EQ(gauges.at("tocsin_brand_incident_onset_timestamp_seconds,acme"), absl::ToUnixSeconds(onset));
}

TEST_F(MetricsFlowTest, ShowWatermarkCompletenessAndLags) {
  Run();
  std::map<std::string, double> gauges = Gauges();
  EXPECT_EQ(gauges.at("tocsin_sources"), 1);
  EXPECT_EQ(gauges.at("tocsin_sources_complete"), 1);
  EXPECT_EQ(gauges.at("tocsin_ingest_lag_seconds"), 0);
  EXPECT_EQ(gauges.at("tocsin_detect_lag_seconds"), 0);
  const double now = absl::ToDoubleSeconds(clock_.Now() - absl::UnixEpoch());
  EXPECT_EQ(gauges.at("tocsin_watermark_lag_seconds"), now - gauges.at("tocsin_watermark_timestamp_seconds"));
  EXPECT_GE(gauges.at("tocsin_signals_total,crisis"), 1);
  EXPECT_TRUE(std::isinf(gauges.at("tocsin_snapshot_margin_blocks"))) << "the log has lost nothing";
}

TEST_F(MetricsFlowTest, ShowNothingOfWhatAWorkerNoLongerOwns) {
  Run();
  CHECK_OK(ingest_->Drain());
  CHECK_OK(detect_->Drain());
  std::map<std::string, double> gauges = Gauges();
  EXPECT_FALSE(gauges.contains("tocsin_brand_mentions_per_second,acme"));
  for (const char* name :
       {"tocsin_watermark_lag_seconds", "tocsin_sources", "tocsin_detect_assigned_partitions",
        "tocsin_ingest_assigned_partitions", "tocsin_ingest_pending_bytes", "tocsin_detect_state_bytes"}) {
    EXPECT_EQ(gauges.at(name), 0) << name;
  }
}

}  // namespace
}  // namespace tocsin
