// The group reader over files, and what it shares with its log.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/log/file/file_log.h"
#include "engine/log/file/line_reader.h"
#include "engine/log/log.h"

namespace tocsin::file {

struct Input {
  TopicPartition partition;
  std::string path;
  int64_t bytes_total = -1;

  // Written by the reader, read by Progress.
  std::atomic<int64_t> bytes_read{0};
  std::atomic<int64_t> records{0};
  std::atomic<int64_t> cut_lines{0};
  std::atomic<size_t> held_bytes{0};
};

struct Shared {
  FileLogOptions options;
  std::vector<std::unique_ptr<Input>> inputs;  // constant after construction, but for their counters

  absl::Mutex mu;
  std::vector<bool> taken ABSL_GUARDED_BY(mu);   // by a reader, per place
  bool stdin_taken ABSL_GUARDED_BY(mu) = false;  // for ever: it can't be read again
};

class FileReader : public GroupReader {
 public:
  // Reads inputs `place`, `place` + readers, ... and frees its place at the end.
  FileReader(std::shared_ptr<Shared> shared, size_t place);
  ~FileReader() override;

  // Waits for standard input only; when there is nothing left to wait for, sleeps `max_wait`, as at the end of a topic.
  absl::Status Poll(absl::Duration max_wait, AssignmentListener& listener, std::vector<RecordBatch>* batches) override;
  GroupGeneration Generation() const override { return {}; }
  absl::Status Pause(int32_t slot) override;
  absl::Status Resume(int32_t slot) override;
  int64_t Lag(int32_t slot) const override;
  absl::Status Close(AssignmentListener& listener) override;

 private:
  struct Slot {
    Input* input = nullptr;
    std::unique_ptr<LineReader> lines;
    Offset position = 0;
    Offset start = 0;  // lines before it are skipped
    bool is_paused = false;
    bool end_told = false;
    bool is_waiting = false;  // its input was not ready
  };

  absl::Status Assign(AssignmentListener& listener);
  absl::Status OpenInput(Slot* slot);
  absl::Status Collect(std::vector<RecordBatch>* batches);
  // Adds the batch of one slot, if it has any.
  absl::Status CollectSlot(size_t index, std::vector<RecordBatch>* batches);
  void Wait(absl::Duration max_wait) const;
  absl::Status SetPaused(int32_t slot, bool paused);
  void Count(const Slot& slot) const;
  void FreePlace();

  const std::shared_ptr<Shared> shared_;
  const size_t place_;
  bool is_assigned_ = false;
  bool is_closed_ = false;
  std::vector<Slot> slots_;
  std::vector<std::vector<Record>> records_;  // per slot, of one Poll
  std::vector<std::string_view> lines_;
};

}  // namespace tocsin::file
