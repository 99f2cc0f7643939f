// Feeds a topic with posts at a steady rate, each stamped with the clock at which it is made.
//
// The posts are those of `tocsin generate` (1,000 brands share 36 % of them unless --brands says otherwise), made once;
// id and event time are written over in place for each record, so that a post costs a copy and librdkafka, and the
// feeder is no bottleneck of what it feeds. Event times never go back, and partitions take turns.
//
// --beside FILE: posts of the caller's own, which are sent with the others, to the same partitions and beyond the rate.
// A line is MILLISECONDS, a tab and the record: it is sent so long after the start and stamped likewise, its own id
// stays. Lines are in the order of time; those that are due after the last of the feeder's posts are sent right behind
// it.
//
// Prints "event_time_ms append_time_ms" of one post in every 10 ms, the append time as the broker stamps it (the topic
// needs message.timestamp.type=LogAppendTime), "event_time_ms append_time_ms line" of each of the caller's own (lines
// from 1 on), and at the end the account of all as JSON on standard error.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <deque>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "app/generate/built_in_scenarios.h"
#include "app/generate/firehose.h"
#include "bench/kafka/bare_consumer/measured_run.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_handles.h"

namespace tocsin {
namespace {

constexpr int64_t kTemplates = 20'000;
constexpr double kMatched = 0.36;
constexpr int64_t kSampleEveryMs = 10;
constexpr size_t kIdDigits = 19;
constexpr size_t kTimeDigits = 13;
constexpr uint64_t kFirstId = 2'000'000'000'000'000'000;
constexpr std::string_view kTime = R"("timestamp_ms":")";

// A record, and where in it the digits stand that differ from post to post.
struct Template {
  std::string bytes;
  size_t id = 0;
  size_t id_text = 0;
  size_t time = 0;
};

// A post of the caller's own.
struct Beside {
  int64_t due_ms = 0;  // since the start
  Template post;
};

// What is to be printed of a record once it is appended.
struct Sample {
  int64_t event_time_ms = 0;
  size_t line = 0;  // of --beside; 0: the feeder's own
};

// Whether the event time's digits are where they must be.
bool FindTime(Template& made) {
  const size_t key = made.bytes.rfind(kTime);
  made.time = key + kTime.size();
  return key != std::string::npos && made.bytes.find('"', made.time) == made.time + kTimeDigits;
}

absl::StatusOr<std::vector<Template>> MakeTemplates(int32_t brands, int64_t bytes) {
  constexpr int64_t kMinuteMs = 60'000;
  Scenario scenario = MixedScenario(/*seed=*/1, kTemplates, kMinuteMs, brands, kMatched);
  scenario.post_bytes = static_cast<int32_t>(bytes);
  Firehose firehose(std::move(scenario));
  std::vector<Template> templates;
  FirehoseRecord record;
  while (firehose.Next(&record)) {
    Template made{std::string(record.bytes)};
    constexpr std::string_view kId = R"("id":)", kIdText = R"("id_str":")";
    made.id = made.bytes.find(kId) + kId.size();
    made.id_text = made.bytes.find(kIdText) + kIdText.size();
    if (made.bytes.substr(made.id, kIdDigits) != made.bytes.substr(made.id_text, kIdDigits) || !FindTime(made)) {
      return absl::InternalError(absl::StrCat("not the shape that is known here: ", made.bytes));
    }
    templates.push_back(std::move(made));
  }
  return templates;
}

absl::StatusOr<std::vector<Beside>> ReadBeside(const std::string& path) {
  std::vector<Beside> posts;
  if (path.empty()) return posts;
  std::ifstream lines(path);
  if (!lines) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  for (std::string line; std::getline(lines, line);) {
    const size_t tab = line.find('\t');
    Beside next;
    if (tab == std::string::npos || !absl::SimpleAtoi(line.substr(0, tab), &next.due_ms) ||
        (!posts.empty() && next.due_ms < posts.back().due_ms)) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", posts.size() + 1, ": no time, or not in the order of time"));
    }
    next.post.bytes = line.substr(tab + 1);
    if (!FindTime(next.post)) return absl::InvalidArgumentError(absl::StrCat("no timestamp_ms: ", next.post.bytes));
    posts.push_back(std::move(next));
  }
  return posts;
}

void WriteDigits(uint64_t number, size_t digits, char* at) { std::to_chars(at, at + digits, number); }

// Successful only; a record that is lost is seen by who counts.
void OnDelivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  const auto* const sample = static_cast<const Sample*>(message->_private);
  if (sample == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  rd_kafka_timestamp_type_t type{};
  const int64_t append_ms = rd_kafka_message_timestamp(message, &type);
  if (type != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) return;
  std::printf("%lld %lld", static_cast<long long>(sample->event_time_ms), static_cast<long long>(append_ms));
  if (sample->line > 0) std::printf(" %zu", sample->line);
  std::printf("\n");
}

class Feeder {
 public:
  Feeder(rd_kafka_t* client, const BenchFlags& flags, std::vector<Template> templates, std::vector<Beside> beside)
      : client_(client),
        topic_(rd_kafka_topic_new(client, flags.topics.front().c_str(), nullptr)),
        partitions_(flags.partitions),
        templates_(std::move(templates)),
        beside_(std::move(beside)) {}

  // `rate` posts a second; 0: as fast as it goes.
  absl::Status Run(int64_t posts, int64_t rate) {
    const absl::Time start = absl::Now();
    int64_t made = 0;
    while (made < posts) {
      const absl::Time now = absl::Now();
      constexpr int64_t kBurst = 100;  // without a rate, between two looks at the clock
      const int64_t due = rate > 0
                              ? static_cast<int64_t>(absl::ToDoubleSeconds(now - start) * static_cast<double>(rate))
                              : made + kBurst;
      absl::Status status = SendBeside(absl::ToInt64Milliseconds(now - start), absl::ToUnixMillis(now));
      for (; status.ok() && made < std::min(due, posts); ++made) status = SendNext(made, absl::ToUnixMillis(now));
      if (!status.ok()) return status;
      rd_kafka_poll(client_, 0);
      if (rate > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    absl::Status status = SendBeside(std::numeric_limits<int64_t>::max(), absl::ToUnixMillis(absl::Now()));
    if (!status.ok()) return status;
    constexpr int kFlushMs = 30'000;
    return KafkaStatus(rd_kafka_flush(client_, kFlushMs), "flushing");
  }

  int64_t sent() const { return sent_; }
  int64_t bytes() const { return bytes_; }

 private:
  // The feeder's own post of that number.
  absl::Status SendNext(int64_t number, int64_t now_ms) {
    Template& next = templates_[static_cast<size_t>(number) % templates_.size()];
    const uint64_t id = first_id_ + static_cast<uint64_t>(number);
    WriteDigits(id, kIdDigits, next.bytes.data() + next.id);
    WriteDigits(id, kIdDigits, next.bytes.data() + next.id_text);
    const bool sample = now_ms / kSampleEveryMs != sampled_;
    sampled_ = now_ms / kSampleEveryMs;
    return Send(next, now_ms, sample ? &samples_.emplace_back(Sample{now_ms}) : nullptr);
  }

  // What is due of the caller's own, `since_start_ms` after the start.
  absl::Status SendBeside(int64_t since_start_ms, int64_t now_ms) {
    for (; beside_sent_ < beside_.size() && beside_[beside_sent_].due_ms <= since_start_ms; ++beside_sent_) {
      Sample& sample = samples_.emplace_back(Sample{now_ms, beside_sent_ + 1});
      if (absl::Status status = Send(beside_[beside_sent_].post, now_ms, &sample); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Send(Template& post, int64_t now_ms, Sample* sample) {
    WriteDigits(static_cast<uint64_t>(now_ms), kTimeDigits, post.bytes.data() + post.time);
    const auto partition = static_cast<int32_t>(sent_ % partitions_);
    while (rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, post.bytes.data(), post.bytes.size(), nullptr,
                            0, sample) != 0) {
      const rd_kafka_resp_err_t error = rd_kafka_last_error();
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return KafkaStatus(error, "writing");
      rd_kafka_poll(client_, 1);
    }
    ++sent_;
    bytes_ += static_cast<int64_t>(post.bytes.size());
    return absl::OkStatus();
  }

  rd_kafka_t* const client_;
  const KafkaTopic topic_;
  const int32_t partitions_;
  std::vector<Template> templates_;
  std::vector<Beside> beside_;
  size_t beside_sent_ = 0;
  std::deque<Sample> samples_;  // librdkafka points into it until a record is delivered
  // Runs that follow one another have other ids.
  const uint64_t first_id_ = kFirstId + static_cast<uint64_t>(absl::GetCurrentTimeNanos() % 1'000'000'000'000'000'000);
  int64_t sent_ = 0;
  int64_t bytes_ = 0;
  int64_t sampled_ = -1;
};

absl::Status Run(int argc, char** argv) {
  absl::StatusOr<BenchFlags> flags = ParseBenchFlags(argc, argv);
  if (!flags.ok()) return flags.status();
  absl::StatusOr<std::vector<Template>> templates = MakeTemplates(flags->brands, flags->bytes);
  if (!templates.ok()) return templates.status();
  absl::StatusOr<std::vector<Beside>> beside = ReadBeside(flags->beside);
  if (!beside.ok()) return beside.status();
  flags->kafka.properties.emplace_back("compression.codec", "lz4");
  flags->kafka.properties.emplace_back("linger.ms", "5");
  flags->kafka.properties.emplace_back("queue.buffering.max.kbytes", "65536");
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> text{};
  for (const auto& [key, value] : flags->kafka.properties) {
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(text.data());
    }
  }
  rd_kafka_conf_set_dr_msg_cb(conf, OnDelivery);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size());
  if (client == nullptr) return absl::InvalidArgumentError(text.data());
  absl::Status status;
  {
    Feeder feeder(client, *flags, *std::move(templates), *std::move(beside));
    const MeasuredRun run;
    status = feeder.Run(flags->records, flags->rate);
    std::fprintf(stderr, "%s\n", run.Json("steady_feeder", feeder.sent(), feeder.bytes()).c_str());
  }
  rd_kafka_destroy(client);
  return status;
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) { return tocsin::Report(tocsin::Run(argc, argv)); }
