// Fills topics with seeded JSON records that compress about as well as posts do.
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/kafka/bare_consumer/measured_run.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

constexpr int64_t kRecordsPerTransaction = 20'000;
constexpr size_t kFieldBytes = 60;

class PostText {
 public:
  PostText() : random_(20261121) {
    constexpr int kWords = 20'000;
    for (int i = 0; i < kWords; ++i) {
      std::string word;
      for (uint64_t letters = 3 + random_() % 7; letters > 0; --letters) {
        word += static_cast<char>('a' + random_() % 26);
      }
      words_.push_back(word);
    }
  }

  // Up to half of a record are names of fields and other text that is the same in all.
  std::string Next(int64_t id, size_t bytes) {
    std::string text = absl::StrCat(R"({"id":)", id, R"(,"created_at":"Sat Nov 21 10:00:00 +0000 2026","text":")");
    while (text.size() < bytes / 2) absl::StrAppend(&text, words_[random_() % words_.size()], " ");
    text += R"(","user":{"id":)";
    absl::StrAppend(&text, random_(), R"(,"followers_count":)", random_() % 100'000);
    for (int field = 0; text.size() + kFieldBytes < bytes; ++field) {
      absl::StrAppend(&text, R"(,"profile_property_)", field, R"(":"https://example.com/image/)", random_() % 1'000,
                      "\"");
    }
    text += "}}";
    return text;
  }

 private:
  std::mt19937_64 random_;
  std::vector<std::string> words_;
};

absl::Status Run(int argc, char** argv) {
  absl::StatusOr<BenchFlags> flags = ParseBenchFlags(argc, argv);
  if (!flags.ok()) return flags.status();
  auto log = KafkaLog::Create(flags->kafka);
  if (!log.ok()) return log.status();
  for (const std::string& topic : flags->topics) {
    absl::Status status = (*log)->EnsureTopics({TopicSpec{topic, flags->partitions, -1, {}}}, true);
    if (!status.ok()) return status;
  }
  const MeasuredRun run;
  auto writer = (*log)->OpenWriter("load-records");
  if (!writer.ok()) return writer.status();
  PostText posts;
  int64_t bytes = 0;
  for (int64_t first = 0; first < flags->records; first += kRecordsPerTransaction) {
    absl::Status status = (*writer)->Begin();
    for (int64_t i = first; status.ok() && i < std::min(flags->records, first + kRecordsPerTransaction); ++i) {
      const std::string value = posts.Next(i, static_cast<size_t>(flags->bytes));
      OutputRecord record;
      record.topic = flags->topics[static_cast<size_t>(i) % flags->topics.size()];
      record.partition = static_cast<int32_t>(i % flags->partitions);
      record.value = value;
      bytes += static_cast<int64_t>(value.size());
      status = (*writer)->Write(record);
    }
    if (status.ok()) status = (*writer)->Commit({}, GroupGeneration(), "");
    if (!status.ok()) return status;
  }
  std::puts(run.Json("load_records", flags->records, bytes).c_str());
  return absl::OkStatus();
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) { return tocsin::Report(tocsin::Run(argc, argv)); }
