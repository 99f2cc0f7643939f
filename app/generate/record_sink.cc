#include "app/generate/record_sink.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/files/line_file.h"

namespace tocsin {
namespace {

class FileSink final : public RecordSink {
 public:
  // `files[stream][partition]`; several may be the same.
  FileSink(std::vector<std::unique_ptr<LineFile>> open, std::vector<std::vector<LineFile*>> files)
      : open_(std::move(open)), files_(std::move(files)) {}

  absl::Status Append(const FirehoseRecord& record) override {
    return files_[record.post->stream][static_cast<size_t>(record.post->partition)]->Append(record.bytes);
  }

  absl::Status Finish() override {
    for (const auto& file : open_) {
      if (absl::Status status = file->Finish(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<std::unique_ptr<LineFile>> open_;
  const std::vector<std::vector<LineFile*>> files_;
};

class TopicSink final : public RecordSink {
 public:
  TopicSink(std::unique_ptr<Writer> writer, const Scenario& scenario, int64_t batch)
      : writer_(std::move(writer)), batch_(batch) {
    for (const ScenarioStream& stream : scenario.streams) topics_.push_back(stream.topic);
  }

  absl::Status Append(const FirehoseRecord& record) override {
    if (open_ == 0) {
      if (absl::Status status = writer_->Begin(); !status.ok()) return status;
    }
    OutputRecord out;
    out.topic = topics_[record.post->stream];
    out.partition = record.post->partition;
    out.value = record.bytes;
    if (absl::Status status = writer_->Write(out); !status.ok()) return status;
    return ++open_ < batch_ ? absl::OkStatus() : Commit();
  }

  absl::Status Flush() override { return open_ > 0 ? Commit() : absl::OkStatus(); }

  absl::Status Finish() override { return Flush(); }

 private:
  absl::Status Commit() {
    open_ = 0;
    return writer_->Commit({}, GroupGeneration(), "");
  }

  const std::unique_ptr<Writer> writer_;
  const int64_t batch_;
  std::vector<std::string> topics_;  // by stream
  int64_t open_ = 0;                 // records in the transaction
};

}  // namespace

std::string PartitionPath(const std::string& output, const Scenario& scenario, size_t stream, size_t partition) {
  if (output == "-") return output;
  std::string stem = output;
  std::string ending;
  for (const std::string_view compressed : {".gz", ".zst"}) {
    if (!absl::EndsWith(output, compressed)) continue;
    stem.resize(output.size() - compressed.size());
    ending = compressed;
  }
  if (scenario.streams.size() > 1) absl::StrAppend(&stem, ".", scenario.streams[stream].name);
  if (scenario.streams[stream].partition_weights.size() > 1) absl::StrAppend(&stem, ".", partition);
  return stem + ending;
}

absl::StatusOr<std::unique_ptr<RecordSink>> OpenFileSink(const std::string& output, const Scenario& scenario) {
  std::vector<std::unique_ptr<LineFile>> open;
  std::vector<std::vector<LineFile*>> files(scenario.streams.size());
  for (size_t stream = 0; stream < scenario.streams.size(); ++stream) {
    for (size_t partition = 0; partition < scenario.streams[stream].partition_weights.size(); ++partition) {
      if (output != "-" || open.empty()) {
        absl::StatusOr<std::unique_ptr<LineFile>> file =
            LineFile::Open(PartitionPath(output, scenario, stream, partition));
        if (!file.ok()) return file.status();
        open.push_back(*std::move(file));
      }
      files[stream].push_back(open.back().get());
    }
  }
  return std::make_unique<FileSink>(std::move(open), std::move(files));
}

absl::StatusOr<std::unique_ptr<RecordSink>> OpenTopicSink(Log* log, const Scenario& scenario, int64_t batch) {
  std::vector<TopicSpec> topics;
  for (const ScenarioStream& stream : scenario.streams) {
    TopicSpec topic;
    topic.name = stream.topic;
    topic.partitions = static_cast<int32_t>(stream.partition_weights.size());
    topics.push_back(std::move(topic));
  }
  if (absl::Status status = log->EnsureTopics(topics, /*create=*/true); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Writer>> writer = log->OpenWriter(absl::StrCat("tocsin-generate-", topics[0].name));
  if (!writer.ok()) return writer.status();
  return std::make_unique<TopicSink>(*std::move(writer), scenario, batch);
}

}  // namespace tocsin
