#include "app/demo/demo.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "app/command/stop_signals.h"
#include "app/demo/feed.h"
#include "app/demo/verdict.h"
#include "app/generate/built_in_scenarios.h"
#include "app/logging/logging.h"
#include "app/pipeline/kafka_logs.h"
#include "app/pipeline/service.h"
#include "engine/base/time_units.h"
#include "engine/log/kafka/kafka_log.h"
#include "engine/log/kafka/mock_cluster.h"
#include "engine/metrics/http_server.h"

namespace tocsin {
namespace {

constexpr int32_t kTwitterPartitions = 4;
constexpr int32_t kSocialPartitions = 2;
constexpr double kSocialShare = 0.3;
constexpr int64_t kHistoryMs = 26LL * 3'600'000;  // a day and what the baselines' delay needs
constexpr absl::Duration kCatchUpMax = absl::Seconds(30);

// The demo's own configuration; everything not named is the default.
std::string ConfigYaml(const std::string& bootstrap) {
  return absl::StrCat("deployment: demo\nkafka: {bootstrap.servers: \"", bootstrap, "\"}\n", R"(sources:
  - {topics: [posts.twitter], preset: twitter_v1, start: earliest, out_of_orderness: 2s, max_drag: 24h}
  - {topics: [posts.social], preset: generic, start: earliest, out_of_orderness: 2s, max_drag: 24h}
watchlist: demo-watchlist.yaml
workers: {ingest: 2, detect: 1}
topics: {mentions_partitions: 4}
flush: {every: 200ms}
log: {level: error}
)");
}

// Brands, states and counts as the screen shows them: filled from the topics that the engine publishes.
struct Screen {
  struct BrandLine {
    double per_minute = 0, expected = -1, low = 0, high = 0;
    int64_t negative = 0, mentions = 0;
    std::string state;
    int64_t level = 0;
  };
  std::mutex mu;
  std::map<std::string, BrandLine> brands;  // guarded by mu
  std::vector<SeenSignal> signals;          // guarded by mu
  size_t printed = 0;                       // guarded by mu
};

double NumberOf(const nlohmann::json& json, const char* name, double otherwise) {
  const auto at = json.find(name);
  return at != json.end() && at->is_number() ? at->get<double>() : otherwise;
}

void NoteMetric(std::string_view value, Screen* screen) {
  const nlohmann::json metric = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (!metric.is_object() || NumberOf(metric, "window_s", 0) != 300) return;
  const auto brand = metric.find("brand_id");
  if (brand == metric.end() || !brand->is_string()) return;
  const std::lock_guard<std::mutex> lock(screen->mu);
  Screen::BrandLine& line = screen->brands[brand->get<std::string>()];
  line.per_minute = NumberOf(metric, "velocity_per_minute", 0);
  line.expected = NumberOf(metric, "expected", -1);
  line.low = NumberOf(metric, "low", 0);
  line.high = NumberOf(metric, "high", 0);
  line.mentions = static_cast<int64_t>(NumberOf(metric, "mentions", 0));
  line.negative = static_cast<int64_t>(NumberOf(metric, "negative", 0));
}

void NoteSignal(std::string_view value, Screen* screen) {
  std::optional<SeenSignal> signal = ReadSignal(value);
  if (!signal.has_value()) return;
  const std::lock_guard<std::mutex> lock(screen->mu);
  if (signal->kind == "crisis") {
    Screen::BrandLine& line = screen->brands[signal->brand_id];
    line.state = signal->state == "resolved" ? "" : signal->state;
    line.level = signal->level;
  }
  screen->signals.push_back(*std::move(signal));
}

// Reads what the engine publishes, as any consumer would.
absl::Status FollowOutputs(Log* log, const PipelineSettings& settings, const std::atomic<bool>& stop, Screen* screen) {
  std::vector<std::pair<TopicPartition, StartPosition>> starts;
  const int32_t partitions = settings.config->topics.mentions_partitions;
  for (const std::string& topic : {settings.topics.signals, settings.topics.brand_metrics}) {
    for (int32_t i = 0; i < partitions; ++i) starts.push_back({{topic, i}, {StartPosition::Kind::kEarliest, 0}});
  }
  absl::StatusOr<std::unique_ptr<PartitionReader>> reader = log->OpenPartitionReader(starts);
  if (!reader.ok()) return reader.status();
  std::vector<RecordBatch> batches;
  while (!stop.load()) {
    if (absl::Status status = (*reader)->Poll(absl::Milliseconds(50), &batches); !status.ok()) return status;
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) {
        (batch.slot < partitions ? NoteSignal : NoteMetric)(record.value, screen);
      }
    }
  }
  return absl::OkStatus();
}

// Dashes before there is any.
std::string Clock24(int64_t ms) {
  if (ms <= 0) return "--- --:--";
  return absl::FormatTime("%a %H:%M", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

class Demo {
 public:
  explicit Demo(const DemoOptions& options) : options_(options), terminal_(isatty(STDOUT_FILENO) == 1) {}

  // Kafka, topics, engine, metrics: everything but posts.
  absl::Status Start();
  absl::Status Play();
  bool Conclude();
  void RequestStop() {
    stop_.store(true);
    asked_to_stop_.Notify();
  }
  void WaitForStop() { asked_to_stop_.WaitForNotification(); }

 private:
  absl::Status MakeTopics();
  int64_t Behind() const;
  void Show();
  void PrintNewSignals();
  void DrawTable();
  bool CaughtUp() const;

  const DemoOptions options_;
  const bool terminal_;
  std::atomic<bool> stop_{false};
  absl::Notification asked_to_stop_;  // by the user
  std::atomic<bool> stop_reading_{false};
  SystemClock clock_;
  AppMetrics metrics_;
  Scenario scenario_;
  std::unique_ptr<MockCluster> cluster_;
  std::shared_ptr<const PipelineSettings> settings_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Log> feed_log_, read_log_;
  FeedState feed_;
  Screen screen_;
  std::thread feeder_, reader_;
  absl::Status feed_status_, read_status_;  // of the threads, read after joining them
  absl::Time started_, live_since_;
  int64_t live_posts_before_ = 0;
  int table_lines_ = 0;
  absl::Time last_plain_line_;
};

absl::Status Demo::MakeTopics() {
  const auto make = [this](const std::string& topic, int32_t partitions) {
    return cluster_->CreateTopic(topic, partitions);
  };
  for (const ScenarioStream& stream : scenario_.streams) {
    const auto partitions = static_cast<int32_t>(stream.partition_weights.size());
    if (absl::Status status = make(stream.topic, partitions); !status.ok()) return status;
  }
  for (const TopicSpec& spec : settings_->topic_specs) {
    if (absl::Status status = make(spec.name, spec.partitions); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Demo::Start() {
  InitLogging(LogFormat::kText, LogLevel::kError);
  const double speed = static_cast<double>(13 * kHourMs) / absl::ToDoubleMilliseconds(options_.duration);
  scenario_ = DemoScenario(options_.seed, kHistoryMs, options_.rate * 60 / speed);
  // Midnight some days ago, so that the rhythm of the day is the same whenever the demo runs, and nothing is in the
  // future.
  scenario_.start_ms = absl::ToUnixMillis(absl::Now()) / (24 * kHourMs) * (24 * kHourMs) - 72 * kHourMs;
  AddGenericStream(kSocialShare, &scenario_);
  scenario_.streams[0].topic = "posts.twitter";
  scenario_.streams[0].partition_weights.assign(kTwitterPartitions, 1.0);
  scenario_.streams[1].topic = "posts.social";
  scenario_.streams[1].partition_weights.assign(kSocialPartitions, 1.0);

  absl::StatusOr<std::unique_ptr<MockCluster>> cluster = MockCluster::Create();
  if (!cluster.ok()) return cluster.status();
  cluster_ = *std::move(cluster);
  absl::StatusOr<Config> config = ParseConfig(ConfigYaml(cluster_->bootstrap_servers()), "demo.yaml");
  if (!config.ok()) return config.status();
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings =
      MakeSettings(*std::move(config), WatchlistYaml(scenario_));
  if (!settings.ok()) return settings.status();
  settings_ = *std::move(settings);
  if (absl::Status status = MakeTopics(); !status.ok()) return status;

  const Service::LogFactory open_log = KafkaLogs(*settings_->config);
  Service::Options workers;
  workers.ingest_workers = settings_->config->workers.ingest;
  workers.detect_workers = settings_->config->workers.detect;
  service_ = std::make_unique<Service>(workers, settings_, open_log, &clock_, &metrics_);
  HttpServer::Options http;
  http.not_ready = [this] { return service_->NotReady(); };
  http.before_collect = [this] { metrics_.Update(clock_.Now()); };
  absl::StatusOr<std::unique_ptr<HttpServer>> server = HttpServer::Start(http, metrics_.registry());
  if (!server.ok()) return server.status();
  http_ = *std::move(server);
  for (std::unique_ptr<Log>* log : {&feed_log_, &read_log_}) {
    absl::StatusOr<std::unique_ptr<Log>> opened = open_log("demo");
    if (!opened.ok()) return opened.status();
    *log = *std::move(opened);
  }
  std::printf(
      "Tocsin demo: an embedded Kafka at %s, 12 brands, two networks, seed %llu\n"
      "metrics at http://127.0.0.1:%d/metrics, health at /livez and /readyz\n",
      cluster_->bootstrap_servers().c_str(), static_cast<unsigned long long>(options_.seed), http_->port());
  std::printf("first %.0f hours of history, as fast as it goes; then 13 hours in %s\n",
              static_cast<double>(kHistoryMs) / kHourMs, absl::FormatDuration(options_.duration).c_str());
  std::fflush(stdout);
  return service_->Start();
}

int64_t Demo::Behind() const {
  const AppMetrics::Totals t = metrics_.Sum();
  const auto posts = feed_.posts.load() - static_cast<int64_t>(t.posts);
  // Detect reads from the embedded broker too: rows that it has not taken yet count, four to a post.
  const auto rows = static_cast<int64_t>(t.mentions - t.applied - t.duplicates - t.late_dropped);
  return std::max(posts, rows / 4);
}

void Demo::PrintNewSignals() {
  const std::lock_guard<std::mutex> lock(screen_.mu);
  for (; screen_.printed < screen_.signals.size(); ++screen_.printed) {
    const SeenSignal& signal = screen_.signals[screen_.printed];
    std::printf("%s  %-7s %s%s level %lld  %s\n", Clock24(signal.window_end_ms).c_str(), signal.message.c_str(),
                signal.kind.c_str(), signal.state.empty() ? "" : absl::StrCat(" ", signal.state).c_str(),
                static_cast<long long>(signal.level), signal.summary.c_str());
  }
}

void Demo::DrawTable() {
  const std::lock_guard<std::mutex> lock(screen_.mu);
  std::printf("%-14s %9s %9s  %-13s %s\n", "brand", "per min", "expected", "negative", "state");
  table_lines_ = 1;
  for (const ScenarioBrand& brand : scenario_.brands) {
    const Screen::BrandLine& line = screen_.brands[brand.id];
    const std::string expected = line.expected < 0 ? "learning" : absl::StrFormat("%.1f", line.expected);
    const std::string negative =
        line.mentions == 0 ? "" : absl::StrFormat("%3.0f-%.0f %%", line.low * 100, line.high * 100);
    std::printf("%-14s %9.1f %9s  %-13s %s\n", brand.name.c_str(), line.per_minute, expected.c_str(), negative.c_str(),
                line.state.empty() ? "" : absl::StrCat(line.state, " level ", line.level).c_str());
    ++table_lines_;
  }
}

void Demo::Show() {
  if (terminal_ && table_lines_ > 0) std::printf("\033[%dA\033[J", table_lines_ + 1);
  table_lines_ = 0;
  PrintNewSignals();
  const absl::Time now = absl::Now();
  const AppMetrics::Totals t = metrics_.Sum();
  const std::string status =
      absl::StrFormat("%s  %s %.0f posts read, %.0f/s, %.0f mentions counted", Clock24(feed_.event_time_ms.load()),
                      feed_.live.load() ? "live:" : "learning:", t.posts,
                      t.posts / std::max(1e-3, absl::ToDoubleSeconds(now - started_)), t.applied);
  if (terminal_) {
    std::printf("%s\n", status.c_str());
    DrawTable();
  } else if (now - last_plain_line_ >= absl::Seconds(5)) {
    last_plain_line_ = now;
    std::printf("%s\n", status.c_str());
  }
  std::fflush(stdout);
}

bool Demo::CaughtUp() const {
  if (!feed_.ended.load() || Behind() > 0) return false;
  // Windows close when the watermark has passed the last posts.
  const double end = static_cast<double>(scenario_.start_ms + scenario_.duration_ms) * 1e-3;
  return metrics_.Sum().watermark_seconds >= end - 120;
}

absl::Status Demo::Play() {
  started_ = absl::Now();
  Firehose firehose(scenario_);
  FeedOptions feed;
  feed.history_ms = kHistoryMs;
  feed.speed = static_cast<double>(13 * kHourMs) / absl::ToDoubleMilliseconds(options_.duration);
  reader_ = std::thread([this] { read_status_ = FollowOutputs(read_log_.get(), *settings_, stop_reading_, &screen_); });
  feeder_ = std::thread([this, &firehose, feed] {
    feed_status_ = Feed(
        feed, &firehose, feed_log_.get(), [this] { return Behind(); }, stop_, &feed_);
    feed_.ended.store(true);
  });
  absl::Time ended = absl::InfiniteFuture();
  while (!stop_.load() && !service_->failed() && !CaughtUp() && absl::Now() - ended < kCatchUpMax) {
    if (feed_.live.load() && live_since_ == absl::Time()) {
      live_since_ = absl::Now();
      live_posts_before_ = feed_.posts.load();
    }
    if (feed_.ended.load() && ended == absl::InfiniteFuture()) ended = absl::Now();
    Show();
    absl::SleepFor(terminal_ ? absl::Milliseconds(500) : absl::Milliseconds(200));
  }
  const bool interrupted = asked_to_stop_.HasBeenNotified();
  stop_.store(true);
  feeder_.join();
  service_->RequestStop();
  absl::Status status = service_->Wait();
  // What the draining workers published last is to be seen too.
  absl::SleepFor(absl::Milliseconds(500));
  stop_reading_.store(true);
  reader_.join();
  Show();
  if (interrupted) return absl::CancelledError("stopped before its end");
  if (!status.ok()) return status;
  if (!feed_status_.ok()) return feed_status_;
  return read_status_;
}

bool Demo::Conclude() {
  const AppMetrics::Totals t = metrics_.Sum();
  const double live = std::max(1e-3, absl::ToDoubleSeconds(absl::Now() - live_since_));
  const double history = std::max(1e-3, absl::ToDoubleSeconds(live_since_ - started_));
  std::printf("\nSummary\n  %.0f posts in %.0f s: %.0f/s through the history, %.0f/s live\n", t.posts, live + history,
              static_cast<double>(live_posts_before_) / history,
              static_cast<double>(feed_.posts.load() - live_posts_before_) / live);
  std::printf(
      "  input %.0f = matched %.0f + unmatched %.0f + dead %.0f + official %.0f\n"
      "  mentions %.0f = counted %.0f + duplicates %.0f + too late %.0f; gaps %.0f\n",
      t.posts, t.matched, t.unmatched, t.dead, t.official, t.mentions, t.applied, t.duplicates, t.late_dropped, t.gaps);
  const Verdict verdict = Judge(scenario_, screen_.signals);
  for (const std::string& line : verdict.lines) std::printf("%s\n", line.c_str());
  std::printf("%s\n", verdict.as_scripted ? "What was detected is what the script has."
                                          : "What was detected differs from the script.");
  std::fflush(stdout);
  return verdict.as_scripted;
}

}  // namespace

int RunDemo(const DemoOptions& options) {
  StopSignals stop_signals;
  Demo demo(options);
  stop_signals.OnStop([&demo] { demo.RequestStop(); });
  absl::Status status = demo.Start();
  if (status.ok()) status = demo.Play();
  if (!status.ok()) {
    std::fprintf(stderr, "tocsin demo: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  const bool as_scripted = demo.Conclude();
  if (options.keep_running) {
    std::printf("metrics stay up until you stop the demo (Ctrl-C)\n");
    std::fflush(stdout);
    demo.WaitForStop();
  }
  return as_scripted ? 0 : 1;
}

}  // namespace tocsin
