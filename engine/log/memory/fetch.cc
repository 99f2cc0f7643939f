#include "engine/log/memory/fetch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::memory {
namespace {

// So that members and transactions expire while all wait.
constexpr absl::Duration kWaitSlice = absl::Milliseconds(50);

}  // namespace

absl::Status Fetch::Add(Broker& broker, const TopicPartition& partition, const StartPosition& start) {
  const absl::StatusOr<Partition*> found = broker.FindPartition(partition);
  if (!found.ok()) return found.status();
  Slot slot{.name = partition, .partition = *found};
  switch (start.kind) {
    case StartPosition::Kind::kEarliest:
      slot.position = slot.partition->log_start();
      break;
    case StartPosition::Kind::kLatest:
      slot.position = slot.partition->last_stable();
      break;
    case StartPosition::Kind::kOffset:
      slot.position = start.offset;
      break;
  }
  slots_.push_back(std::move(slot));
  return absl::OkStatus();
}

void Fetch::Release() {
  records_.clear();
  pins_.clear();
}

absl::Status Fetch::Collect(Broker& broker, std::vector<RecordBatch>* batches) {
  const ReadLimits limits{.bytes_max = broker.options().batch_bytes_max,
                          .records_max = broker.options().batch_records_max};
  for (const Slot& slot : slots_) {
    if (slot.is_paused) continue;
    if (slot.position < slot.partition->log_start() || slot.position > slot.partition->end()) {
      return absl::OutOfRangeError(absl::StrCat(
          "the offset is not in the log: topic=", slot.name.topic, " partition=", slot.name.partition,
          " offset=", slot.position, " begin=", slot.partition->log_start(), " end=", slot.partition->end()));
    }
  }
  struct Range {
    size_t begin;
    size_t size;
  };
  std::vector<Range> ranges;
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.is_paused) continue;
    const size_t begin = records_.size();
    slot.partition->Read(&slot.position, limits, &records_, &pins_);
    const bool at_end = slot.position >= slot.partition->last_stable();
    if (records_.size() == begin && (!at_end || slot.end_told == slot.position)) continue;
    if (at_end) slot.end_told = slot.position;
    ranges.push_back({begin, records_.size() - begin});
    batches->push_back(
        {.slot = static_cast<int32_t>(i), .records = {}, .next_offset = slot.position, .end_of_partition = at_end});
  }
  // Only now, since `records_` has stopped moving.
  for (size_t i = 0; i < ranges.size(); ++i) {
    (*batches)[i].records = absl::MakeConstSpan(records_).subspan(ranges[i].begin, ranges[i].size);
  }
  return absl::OkStatus();
}

int64_t Fetch::Lag(Broker& broker, int32_t slot) const {
  broker.mu.AssertHeld();
  const Slot& at = slots_[static_cast<size_t>(slot)];
  return std::max<int64_t>(0, at.partition->last_stable() - at.position);
}

bool WaitForChange(Broker& broker, absl::Time deadline, absl::Duration* patience) {
  const absl::Duration remaining = std::min(*patience, deadline - broker.clock().Now());
  if (remaining <= absl::ZeroDuration()) return false;
  const absl::Duration slice = std::min(remaining, kWaitSlice);
  if (broker.changed.WaitWithTimeout(&broker.mu, slice)) *patience -= slice;
  return true;
}

}  // namespace tocsin::memory
