#include "operators/audit/part_assembler.h"

#include <utility>

namespace tocsin {
namespace {

// Whether a block over `incoming` shows that the rest of one over `pending` will never come. One that ends where the
// pending one begins, or before, is an old block written again, and shows nothing.
bool Supersedes(absl::Span<const SourceRange> incoming, absl::Span<const SourceRange> pending) {
  for (const SourceRange& one : incoming) {
    for (const SourceRange& other : pending) {
      if (!one.accounts() || !other.accounts() || one.partition != other.partition || one.topic != other.topic)
        continue;
      if (one.epoch > other.epoch || (one.epoch == other.epoch && one.to > other.from)) return true;
    }
  }
  return false;
}

}  // namespace

bool PartAssembler::Pending::IsOf(const Block& block) const {
  return part_count == block.parts && config_version == block.config_version && sources == block.sources;
}

void PartAssembler::Preempt(absl::Span<const SourceRange> sources) {
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (Supersedes(sources, it->sources)) {
      ++torn_;
      it = pending_.erase(it);
    } else {
      ++it;
    }
  }
}

std::optional<PartAssembler::Whole> PartAssembler::Add(const Block& block, std::string_view bytes, Offset offset) {
  for (auto it = pending_.begin(); it != pending_.end(); ++it) {
    if (!it->IsOf(block)) continue;
    const size_t held = it->whole.parts.size();
    // Written again, and the same bytes: what a block holds follows from its sources. (A first part alone is simply
    // taken anew, below.)
    if (block.part < held && held > 1) return std::nullopt;
    if (block.part != held) continue;
    it->whole.parts.emplace_back(bytes);
    if (it->whole.parts.size() < it->part_count) return std::nullopt;
    std::optional<Whole> whole = std::move(it->whole);
    pending_.erase(it);
    return whole;
  }
  if (block.part == 0) {
    Preempt(block.sources);
    pending_.push_back({.sources = block.sources,
                        .config_version = block.config_version,
                        .part_count = block.parts,
                        .whole = {.first_offset = offset, .parts = {std::string(bytes)}}});
    return std::nullopt;
  }
  // A part without its predecessor: what there may be of its block is torn.
  const int64_t torn_before = torn_;
  Preempt(block.sources);
  if (torn_ == torn_before && block.part + 1 == block.parts) ++torn_;
  return std::nullopt;
}

std::optional<Offset> PartAssembler::first_offset() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.front().whole.first_offset;
}

}  // namespace tocsin
