// Checks that blocks account for every offset of every source partition exactly once.
//
// A block says which offsets [from, to) of each source partition it holds the rows of. The chain remembers where the
// last block that was applied ended: what begins there applies; what ends at or before it is a repeat; what begins
// before and ends behind it is an overlap, of which only the rows behind count; what begins behind it leaves a gap.
//
// Not thread-safe: one task owns it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>

#include "absl/status/status.h"
#include "engine/base/bytes.h"
#include "engine/log/log.h"
#include "operators/block/block.h"

namespace tocsin {

enum class AuditVerdict : uint8_t {
  kApplied,   // continues the chain
  kFirst,     // the first of its source partition: starts the chain
  kNewEpoch,  // the topic was made anew: starts the chain again
  kOverlap,   // partly known: rows below `skip_below` are left out
  kRepeat,    // wholly known, or of an older epoch: all its rows are left out
  kGap,       // `missing` offsets before it were never accounted for; applied
};

inline constexpr Offset kSkipNone = std::numeric_limits<Offset>::min();
inline constexpr Offset kSkipAll = std::numeric_limits<Offset>::max();

struct AuditResult {
  AuditVerdict verdict = AuditVerdict::kApplied;
  Offset skip_below = kSkipNone;  // rows with a smaller offset are known already
  int64_t missing = 0;            // of kGap

  friend bool operator==(const AuditResult&, const AuditResult&) = default;
};

class AuditChain {
 public:
  // What `range` is to the chain as it stands. REQUIRES, as of Apply: range.accounts().
  AuditResult Check(const SourceRange& range) const;

  // Check, then moves the chain behind the range.
  AuditResult Apply(const SourceRange& range);

  size_t size() const { return links_.size(); }  // source partitions seen

  void Encode(ByteWriter* writer) const;
  // Replaces the chain. DataLoss for damaged bytes.
  absl::Status Decode(ByteReader* reader);

  friend bool operator==(const AuditChain&, const AuditChain&) = default;

 private:
  struct Link {
    uint32_t epoch = 0;
    Offset last = 0;  // behind the last offset accounted for

    friend bool operator==(const Link&, const Link&) = default;
  };

  std::map<TopicPartition, Link> links_;
};

}  // namespace tocsin
