// A read-only log over files of lines: the source of `replay`.
//
// Each file (plain, gzip or zstd; "-" is standard input, which may never end) is one partition of its topic, numbered
// in the order given. A record is a line, without its line end, and without a key; its offset is the number of the
// line, from 0. Empty lines are records with an empty value, so that input counts add up. Files are history: kLatest
// starts at their beginning too.
//
// Streams: a partition holds 256 KB of lines, 256 KB of compressed input, and as much more as its longest line needs.
// Lines of two partitions are served side by side, as the reader polls.
//
// A line over `line_bytes_max` is delivered cut to that length, so that whoever limits record sizes below it
// dead-letters it; cut_lines() counts them. A compressed file that is cut off or damaged, or can't be read, is
// DataLoss, naming file and byte, once all whole lines before it have been delivered.
//
// Only group readers can be opened: at most `readers` at a time, each with every `readers`-th partition. Nothing is
// committed here; their Generation is empty. All else returns FailedPrecondition.
//
// Thread-safe but for the readers, which belong to one thread each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/log/log.h"

namespace tocsin {

// This many bytes behind every record's value may be read (as simdjson needs), whatever they hold.
inline constexpr size_t kRecordPadding = 64;

struct FileInput {
  std::string topic;
  std::string path;  // "-": standard input, at most once
};

struct FileLogOptions {
  int32_t readers = 1;
  size_t buffer_bytes = size_t{256} << 10;
  size_t line_bytes_max = size_t{64} << 20;
  size_t batch_records_max = 4096;
  int stdin_fd = 0;  // what "-" reads; borrowed
};

struct FileProgress {
  int64_t bytes_read = 0;    // of the files as they are stored
  int64_t bytes_total = -1;  // -1: not known, because one is no regular file
  int64_t records = 0;
};

namespace file {
class FileReader;
struct Shared;
}  // namespace file

class FileLog : public Log {
 public:
  // NotFound or PermissionDenied, naming the file, if one can't be opened; InvalidArgument for folders, or "-" given
  // twice.
  static absl::StatusOr<std::unique_ptr<FileLog>> Create(std::vector<FileInput> inputs,
                                                         const FileLogOptions& options = {});
  ~FileLog() override;

  // FailedPrecondition if `readers` are open already. The topics of `options` must be exactly those of the inputs; its
  // group and member are not used.
  absl::StatusOr<std::unique_ptr<GroupReader>> OpenGroupReader(const GroupOptions& options) override;
  absl::StatusOr<std::unique_ptr<PartitionReader>> OpenPartitionReader(
      const std::vector<std::pair<TopicPartition, StartPosition>>& starts) override;
  absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const std::string& transactional_id) override;
  absl::StatusOr<int32_t> PartitionCount(const std::string& topic) override;
  absl::StatusOr<OffsetRange> Offsets(const TopicPartition& partition) override;
  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics, bool create) override;
  absl::StatusOr<std::vector<AssignedPartition>> CommittedOffsets(
      const std::string& group, const std::vector<TopicPartition>& partitions) override;

  FileProgress Progress() const;
  int64_t cut_lines() const;
  // Of all buffers just now.
  size_t held_bytes() const;

 private:
  explicit FileLog(std::shared_ptr<file::Shared> shared);

  const std::shared_ptr<file::Shared> shared_;
};

}  // namespace tocsin
