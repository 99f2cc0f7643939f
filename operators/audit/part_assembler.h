// Puts the parts of large blocks together, so that a block is applied whole or not at all.
//
// Parts of different blocks may interleave (each ingest worker writes its own), those of one block come in order. A
// block whose next part does not come before another block that accounts for later records of one of the same source
// partitions is torn: its writer had finished with it, so the rest will never come. Parts written again, and parts of
// blocks that lie wholly before a pending one, change nothing. Blocks of one part need not pass through here, but for
// Preempt.
//
// Not thread-safe: one task owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "operators/block/block.h"

namespace tocsin {

class PartAssembler {
 public:
  struct Whole {
    Offset first_offset = 0;         // in the mentions partition, of part 0
    std::vector<std::string> parts;  // encoded, in order
  };

  // Takes a part that was decoded as `block` from `bytes`. Returns the block's parts with the last one.
  // REQUIRES: block.parts > 1.
  std::optional<Whole> Add(const Block& block, std::string_view bytes, Offset offset);

  // Gives up the incomplete blocks that a block over `sources` shows to be torn: called for every block of a single
  // part.
  void Preempt(absl::Span<const SourceRange> sources);

  // Offset of the first part of the oldest incomplete block.
  std::optional<Offset> first_offset() const;
  // Blocks given up, and parts without a beginning, since this was made.
  int64_t torn() const { return torn_; }
  bool empty() const { return pending_.empty(); }
  void Clear() { pending_.clear(); }

 private:
  struct Pending {
    // Whether `block` is a part of the same block.
    bool IsOf(const Block& block) const;

    std::vector<SourceRange> sources;
    uint64_t config_version = 0;
    uint32_t part_count = 0;
    Whole whole;
  };

  std::list<Pending> pending_;  // by the offset of part 0
  int64_t torn_ = 0;
};

}  // namespace tocsin
