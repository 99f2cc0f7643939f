// The snapshot from which a detect task begins that was made outside of a worker, in place of all that was there.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/log/log.h"

namespace tocsin {

// What the snapshots topic holds of one partition.
struct KeptSnapshot {
  std::set<std::string> keys;  // with a value
  std::optional<Offset> applied_to;
};

absl::StatusOr<KeptSnapshot> ReadKeptSnapshot(const TopicPartition& snapshots, Log* log);

// Into the writer's open transaction: removes `keys`, and writes `payload` as a snapshot of generation 1 that goes on
// at `from`.
absl::Status WriteFirstSnapshot(const TopicPartition& snapshots, Offset from, const std::set<std::string>& keys,
                                std::string_view payload, Writer* writer);

}  // namespace tocsin
