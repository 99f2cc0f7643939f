#include "tests/simulation/sabotaged_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::simulation {
namespace {

// Hands assignments on, counted, perhaps without what was committed.
class CountingListener : public AssignmentListener {
 public:
  CountingListener(AssignmentListener* listener, bool forgets, std::mt19937_64* random, LogStatistics* statistics)
      : listener_(listener), forgets_(forgets), random_(random), statistics_(statistics) {}

  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    ++statistics_->rebalances;
    if (!forgets_) return listener_->OnAssigned(partitions);
    std::vector<AssignedPartition> forgotten(partitions.begin(), partitions.end());
    std::vector<bool> at_end(forgotten.size(), false);
    for (size_t i = 0; i < forgotten.size(); ++i) {
      if (!forgotten[i].committed.has_value() || (*random_)() % 4 != 0) continue;
      forgotten[i].committed.reset();
      forgotten[i].metadata.clear();
      at_end[i] = true;
    }
    absl::StatusOr<std::vector<StartPosition>> starts = listener_->OnAssigned(forgotten);
    if (!starts.ok()) return starts;
    for (size_t i = 0; i < starts->size(); ++i) {
      if (at_end[i]) (*starts)[i] = {StartPosition::Kind::kLatest, 0};
    }
    return starts;
  }

  void OnRevoked(bool lost) override { listener_->OnRevoked(lost); }

 private:
  AssignmentListener* const listener_;
  const bool forgets_;
  std::mt19937_64* const random_;
  LogStatistics* const statistics_;
};

class SabotagedReader : public GroupReader {
 public:
  SabotagedReader(std::unique_ptr<GroupReader> reader, bool forgets, std::mt19937_64* random, LogStatistics* statistics)
      : reader_(std::move(reader)), forgets_(forgets), random_(random), statistics_(statistics) {}

  absl::Status Poll(absl::Duration max_wait, AssignmentListener& listener, std::vector<RecordBatch>* batches) override {
    CountingListener counting(&listener, forgets_, random_, statistics_);
    return reader_->Poll(max_wait, counting, batches);
  }
  GroupGeneration Generation() const override { return reader_->Generation(); }
  absl::Status Pause(int32_t slot) override { return reader_->Pause(slot); }
  absl::Status Resume(int32_t slot) override { return reader_->Resume(slot); }
  int64_t Lag(int32_t slot) const override { return reader_->Lag(slot); }
  absl::Status Close(AssignmentListener& listener) override { return reader_->Close(listener); }

 private:
  const std::unique_ptr<GroupReader> reader_;
  const bool forgets_;
  std::mt19937_64* const random_;
  LogStatistics* const statistics_;
};

// Lets simulated time pass where the worker waits, and notes that a snapshot was there to recover from.
class RecoveryReader : public PartitionReader {
 public:
  RecoveryReader(std::unique_ptr<PartitionReader> reader, bool of_snapshots,
                 const std::function<void(absl::Duration)>* wait, LogStatistics* statistics)
      : reader_(std::move(reader)), of_snapshots_(of_snapshots), wait_(wait), statistics_(statistics) {}

  absl::Status Poll(absl::Duration max_wait, std::vector<RecordBatch>* batches) override {
    absl::Status status = reader_->Poll(absl::ZeroDuration(), batches);
    const bool has_any =
        std::any_of(batches->begin(), batches->end(), [](const RecordBatch& batch) { return !batch.records.empty(); });
    if (has_any && of_snapshots_ && !std::exchange(found_, true)) ++statistics_->snapshot_recoveries;
    if (!has_any) (*wait_)(max_wait);
    return status;
  }

 private:
  const std::unique_ptr<PartitionReader> reader_;
  const bool of_snapshots_;
  const std::function<void(absl::Duration)>* const wait_;
  LogStatistics* const statistics_;
  bool found_ = false;
};

class SabotagedWriter : public Writer {
 public:
  SabotagedWriter(std::unique_ptr<Writer> writer, Sabotage sabotage, LogStatistics* statistics)
      : writer_(std::move(writer)), sabotage_(sabotage), statistics_(statistics) {}
  ~SabotagedWriter() override { statistics_->open_transactions += is_open_ ? 1 : 0; }

  absl::Status Begin() override {
    is_open_ = true;
    return writer_->Begin();
  }

  absl::Status Write(const OutputRecord& record) override {
    if (sabotage_ != Sabotage::kCommitBeforeFlush) return writer_->Write(record);
    Kept& kept = kept_.emplace_back();
    kept.topic = record.topic;
    kept.partition = record.partition;
    if (record.key.has_value()) kept.key = std::string(*record.key);
    if (record.value.has_value()) kept.value = std::string(*record.value);
    for (const Header& header : record.headers) kept.headers.emplace_back(header.name, header.value);
    return absl::OkStatus();
  }

  absl::Status Commit(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                      std::string_view group) override {
    absl::Status status;
    switch (sabotage_) {
      case Sabotage::kCommitBeforeFlush:
        status = writer_->Commit(offsets, generation, group);
        if (status.ok()) status = WriteKept();
        break;
      case Sabotage::kSkipFence:
        status = writer_->Commit(offsets, GroupGeneration(), group);
        break;
      default:
        status = writer_->Commit(offsets, generation, group);
    }
    is_open_ = false;
    ++(status.ok() ? statistics_->commits : statistics_->failed_commits);
    if (absl::IsAborted(status)) ++statistics_->fences;
    return status;
  }

  absl::Status Abort() override {
    is_open_ = false;
    return writer_->Abort();
  }

 private:
  struct Kept {
    std::string topic;
    int32_t partition = -1;
    std::optional<std::string> key, value;
    std::vector<std::pair<std::string, std::string>> headers;
  };

  absl::Status WriteKept() {
    if (absl::Status status = writer_->Begin(); !status.ok()) return status;
    for (const Kept& kept : kept_) {
      OutputRecord record;
      record.topic = kept.topic;
      record.partition = kept.partition;
      record.key = kept.key;
      record.value = kept.value;
      std::vector<Header> headers;
      for (const auto& [name, value] : kept.headers) headers.push_back({name, value});
      record.headers = headers;
      if (absl::Status status = writer_->Write(record); !status.ok()) return status;
    }
    kept_.clear();
    return writer_->Commit({}, GroupGeneration(), "");
  }

  const std::unique_ptr<Writer> writer_;
  const Sabotage sabotage_;
  LogStatistics* const statistics_;
  std::vector<Kept> kept_;
  bool is_open_ = false;
};

}  // namespace

std::string_view SabotageName(Sabotage sabotage) {
  switch (sabotage) {
    case Sabotage::kNone:
      return "none";
    case Sabotage::kCommitBeforeFlush:
      return "commit-before-flush";
    case Sabotage::kSkipFence:
      return "skip-fence";
    case Sabotage::kApplyRepeat:
      return "apply-repeat";
    case Sabotage::kResetOnMissingOffset:
      return "reset-on-missing-offset";
    case Sabotage::kLoseEventTime:
      return "lose-event-time";
  }
  return "";
}

bool ParseSabotage(std::string_view name, Sabotage* sabotage) {
  for (const Sabotage each : kSabotages) {
    if (SabotageName(each) == name) {
      *sabotage = each;
      return true;
    }
  }
  return false;
}

absl::StatusOr<std::unique_ptr<GroupReader>> SabotagedLog::OpenGroupReader(const GroupOptions& options) {
  absl::StatusOr<std::unique_ptr<GroupReader>> reader = log_->OpenGroupReader(options);
  if (!reader.ok()) return reader;
  return std::make_unique<SabotagedReader>(*std::move(reader), sabotage_ == Sabotage::kResetOnMissingOffset, random_,
                                           statistics_);
}

absl::StatusOr<std::unique_ptr<PartitionReader>> SabotagedLog::OpenPartitionReader(
    const std::vector<std::pair<TopicPartition, StartPosition>>& starts) {
  absl::StatusOr<std::unique_ptr<PartitionReader>> reader = log_->OpenPartitionReader(starts);
  if (!reader.ok()) return reader;
  const bool of_snapshots = starts.front().first.topic == snapshots_topic_;
  return std::make_unique<RecoveryReader>(*std::move(reader), of_snapshots, &wait_, statistics_);
}

absl::StatusOr<std::unique_ptr<Writer>> SabotagedLog::OpenWriter(const std::string& transactional_id) {
  std::string id = transactional_id;
  if (sabotage_ == Sabotage::kSkipFence) absl::StrAppend(&id, "#", (*random_)());
  absl::StatusOr<std::unique_ptr<Writer>> writer = log_->OpenWriter(id);
  if (!writer.ok()) return writer;
  return std::make_unique<SabotagedWriter>(*std::move(writer), sabotage_, statistics_);
}

}  // namespace tocsin::simulation
