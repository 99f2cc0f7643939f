#include "engine/log/file/file_reader.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::file {

FileReader::FileReader(std::shared_ptr<Shared> shared, size_t place) : shared_(std::move(shared)), place_(place) {
  const auto step = static_cast<size_t>(shared_->options.readers);
  for (size_t i = place; i < shared_->inputs.size(); i += step) slots_.emplace_back().input = shared_->inputs[i].get();
  records_.resize(slots_.size());
}

FileReader::~FileReader() {
  if (!is_closed_) FreePlace();
}

void FileReader::FreePlace() {
  absl::MutexLock lock(&shared_->mu);
  shared_->taken[place_] = false;
}

absl::Status FileReader::OpenInput(Slot* slot) {
  std::unique_ptr<RawInput> raw;
  if (slot->input->path == "-") {
    absl::MutexLock lock(&shared_->mu);
    if (std::exchange(shared_->stdin_taken, true)) {
      return absl::FailedPreconditionError("standard input has been read already");
    }
    raw = RawInput::Borrow(shared_->options.stdin_fd, "standard input");
  } else {
    absl::StatusOr<std::unique_ptr<RawInput>> opened = RawInput::Open(slot->input->path);
    if (!opened.ok()) return opened.status();
    raw = *std::move(opened);
  }
  slot->lines = std::make_unique<LineReader>(std::move(raw),
                                             LineReader::Options{.buffer_bytes = shared_->options.buffer_bytes,
                                                                 .line_bytes_max = shared_->options.line_bytes_max,
                                                                 .padding_bytes = kRecordPadding,
                                                                 .lines_max = shared_->options.batch_records_max});
  slot->input->records = 0;
  return absl::OkStatus();
}

absl::Status FileReader::Assign(AssignmentListener& listener) {
  std::vector<AssignedPartition> partitions;
  for (const Slot& slot : slots_) partitions.emplace_back().partition = slot.input->partition;
  absl::StatusOr<std::vector<StartPosition>> starts = listener.OnAssigned(partitions);
  if (!starts.ok()) return starts.status();
  if (starts->size() != slots_.size()) {
    return absl::InternalError(absl::StrCat(
        "OnAssigned must return one start for each partition: partitions=", slots_.size(), " starts=", starts->size()));
  }
  is_assigned_ = true;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const StartPosition& start = (*starts)[i];
    slots_[i].start = start.kind == StartPosition::Kind::kOffset ? start.offset : 0;
    if (absl::Status status = OpenInput(&slots_[i]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void FileReader::Count(const Slot& slot) const {
  Input& input = *slot.input;
  input.bytes_read.store(slot.lines->raw().bytes_read(), std::memory_order_relaxed);
  input.records.store(slot.position, std::memory_order_relaxed);
  input.cut_lines.store(static_cast<int64_t>(slot.lines->cut_lines()), std::memory_order_relaxed);
  input.held_bytes.store(slot.lines->held_bytes(), std::memory_order_relaxed);
}

absl::Status FileReader::CollectSlot(size_t index, std::vector<RecordBatch>* batches) {
  Slot& slot = slots_[index];
  std::vector<Record>& records = records_[index];
  records.clear();
  slot.is_waiting = false;
  if (slot.is_paused || slot.end_told) return absl::OkStatus();
  do {
    lines_.clear();
    const absl::StatusOr<LineReader::Outcome> outcome = slot.lines->Next(&lines_);
    Count(slot);
    if (!outcome.ok()) return outcome.status();
    if (*outcome == LineReader::Outcome::kNotReady) {
      slot.is_waiting = true;
      return absl::OkStatus();
    }
    for (const std::string_view line : lines_) {
      const Offset offset = slot.position++;
      if (offset < slot.start) continue;
      Record& record = records.emplace_back();
      record.offset = offset;
      record.value = line;
    }
  } while (records.empty() && !slot.lines->HasEnded());
  Count(slot);
  slot.end_told = slot.lines->HasEnded();
  if (slot.end_told && slot.position < slot.start) {
    return absl::OutOfRangeError(absl::StrCat("the file has fewer lines: file=", slot.lines->raw().name(),
                                              " lines=", slot.position, " offset=", slot.start));
  }
  batches->push_back({.slot = static_cast<int32_t>(index),
                      .records = records,
                      .next_offset = slot.position,
                      .end_of_partition = slot.end_told});
  return absl::OkStatus();
}

absl::Status FileReader::Collect(std::vector<RecordBatch>* batches) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (absl::Status status = CollectSlot(i, batches); !status.ok()) {
      batches->clear();
      return status;
    }
  }
  return absl::OkStatus();
}

void FileReader::Wait(absl::Duration max_wait) const {
  std::vector<pollfd> inputs;
  for (const Slot& slot : slots_) {
    if (slot.is_waiting) inputs.push_back({.fd = slot.lines->raw().fd(), .events = POLLIN, .revents = 0});
  }
  const int64_t wait_ms = std::clamp<int64_t>(absl::ToInt64Milliseconds(max_wait), 1, 3'600'000);
  // Woken early by a signal is fine: the caller polls again.
  poll(inputs.data(), inputs.size(), static_cast<int>(wait_ms));
}

absl::Status FileReader::Poll(absl::Duration max_wait, AssignmentListener& listener,
                              std::vector<RecordBatch>* batches) {
  batches->clear();
  if (is_closed_) return absl::FailedPreconditionError("the reader is closed");
  if (!is_assigned_) {
    if (absl::Status status = Assign(listener); !status.ok()) return status;
  }
  if (absl::Status status = Collect(batches); !status.ok()) return status;
  if (!batches->empty() || max_wait <= absl::ZeroDuration()) return absl::OkStatus();
  Wait(max_wait);
  return Collect(batches);
}

absl::Status FileReader::SetPaused(int32_t slot, bool paused) {
  if (slot < 0 || static_cast<size_t>(slot) >= slots_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("no such slot: slot=", slot));
  }
  slots_[static_cast<size_t>(slot)].is_paused = paused;
  return absl::OkStatus();
}

absl::Status FileReader::Pause(int32_t slot) { return SetPaused(slot, true); }
absl::Status FileReader::Resume(int32_t slot) { return SetPaused(slot, false); }

int64_t FileReader::Lag(int32_t slot) const {
  if (slot < 0 || static_cast<size_t>(slot) >= slots_.size()) return -1;
  return slots_[static_cast<size_t>(slot)].end_told ? 0 : -1;
}

absl::Status FileReader::Close(AssignmentListener& listener) {
  if (std::exchange(is_closed_, true)) return absl::OkStatus();
  if (is_assigned_) listener.OnRevoked(/*lost=*/false);
  for (Slot& slot : slots_) slot.lines.reset();
  FreePlace();
  return absl::OkStatus();
}

}  // namespace tocsin::file
