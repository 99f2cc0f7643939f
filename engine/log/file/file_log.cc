#include "engine/log/file/file_log.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/log/file/byte_stream.h"
#include "engine/log/file/file_reader.h"

namespace tocsin {
namespace {

absl::Status NotALogToWrite(std::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("files are read by group readers only: call=", what));
}

}  // namespace

FileLog::FileLog(std::shared_ptr<file::Shared> shared) : shared_(std::move(shared)) {}
FileLog::~FileLog() = default;

absl::StatusOr<std::unique_ptr<FileLog>> FileLog::Create(std::vector<FileInput> inputs, const FileLogOptions& options) {
  if (options.readers < 1) return absl::InvalidArgumentError("a file log needs at least one reader");
  auto shared = std::make_shared<file::Shared>();
  shared->options = options;
  std::map<std::string, int32_t> counts;
  bool has_stdin = false;
  for (FileInput& given : inputs) {
    auto input = std::make_unique<file::Input>();
    input->partition = {given.topic, counts[given.topic]++};
    if (given.path == "-") {
      if (std::exchange(has_stdin, true)) return absl::InvalidArgumentError("standard input can be read only once");
    } else {
      const absl::StatusOr<std::unique_ptr<file::RawInput>> opened = file::RawInput::Open(given.path);
      if (!opened.ok()) return opened.status();
      input->bytes_total = (*opened)->bytes_total();
    }
    input->path = std::move(given.path);
    shared->inputs.push_back(std::move(input));
  }
  {
    absl::MutexLock lock(&shared->mu);
    shared->taken.resize(static_cast<size_t>(options.readers));
  }
  return std::unique_ptr<FileLog>(new FileLog(std::move(shared)));
}

absl::StatusOr<std::unique_ptr<GroupReader>> FileLog::OpenGroupReader(const GroupOptions& options) {
  std::set<std::string> topics;
  for (const auto& input : shared_->inputs) topics.insert(input->partition.topic);
  for (const std::string& topic : options.topics) {
    if (!topics.contains(topic)) return absl::NotFoundError(absl::StrCat("no file for the topic: topic=", topic));
  }
  if (std::set<std::string>(options.topics.begin(), options.topics.end()) != topics) {
    return absl::InvalidArgumentError("a reader of files reads all their topics");
  }
  absl::MutexLock lock(&shared_->mu);
  for (size_t place = 0; place < shared_->taken.size(); ++place) {
    if (shared_->taken[place]) continue;
    shared_->taken[place] = true;
    return std::make_unique<file::FileReader>(shared_, place);
  }
  return absl::FailedPreconditionError(absl::StrCat("all readers are open: readers=", shared_->options.readers));
}

absl::StatusOr<std::unique_ptr<PartitionReader>> FileLog::OpenPartitionReader(
    const std::vector<std::pair<TopicPartition, StartPosition>>& /*starts*/) {
  return NotALogToWrite("OpenPartitionReader");
}

absl::StatusOr<std::unique_ptr<Writer>> FileLog::OpenWriter(const std::string& /*transactional_id*/) {
  return NotALogToWrite("OpenWriter");
}

absl::StatusOr<int32_t> FileLog::PartitionCount(const std::string& topic) {
  int32_t count = 0;
  for (const auto& input : shared_->inputs) count += input->partition.topic == topic ? 1 : 0;
  if (count == 0) return absl::NotFoundError(absl::StrCat("no file for the topic: topic=", topic));
  return count;
}

absl::StatusOr<OffsetRange> FileLog::Offsets(const TopicPartition& /*partition*/) { return NotALogToWrite("Offsets"); }

absl::Status FileLog::EnsureTopics(absl::Span<const TopicSpec> topics, bool /*create*/) {
  for (const TopicSpec& spec : topics) {
    const absl::StatusOr<int32_t> count = PartitionCount(spec.name);
    if (!count.ok()) return count.status();
    if (*count != spec.partitions) {
      return absl::FailedPreconditionError(absl::StrCat("the topic has another number of files: topic=", spec.name,
                                                        " files=", *count, " wanted=", spec.partitions));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AssignedPartition>> FileLog::CommittedOffsets(
    const std::string& /*group*/, const std::vector<TopicPartition>& partitions) {
  std::vector<AssignedPartition> offsets;
  for (const TopicPartition& partition : partitions) offsets.emplace_back().partition = partition;
  return offsets;
}

FileProgress FileLog::Progress() const {
  FileProgress progress{.bytes_total = 0};
  for (const auto& input : shared_->inputs) {
    progress.bytes_read += input->bytes_read.load(std::memory_order_relaxed);
    progress.records += input->records.load(std::memory_order_relaxed);
    if (input->bytes_total < 0) {
      progress.bytes_total = -1;
    } else if (progress.bytes_total >= 0) {
      progress.bytes_total += input->bytes_total;
    }
  }
  return progress;
}

int64_t FileLog::cut_lines() const {
  int64_t count = 0;
  for (const auto& input : shared_->inputs) count += input->cut_lines.load(std::memory_order_relaxed);
  return count;
}

size_t FileLog::held_bytes() const {
  size_t bytes = 0;
  for (const auto& input : shared_->inputs) bytes += input->held_bytes.load(std::memory_order_relaxed);
  return bytes;
}

}  // namespace tocsin
