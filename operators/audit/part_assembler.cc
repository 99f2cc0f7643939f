#include "operators/audit/part_assembler.h"

#include <utility>

namespace tocsin {
namespace {

bool ShareASource(absl::Span<const SourceRange> a, absl::Span<const SourceRange> b) {
  for (const SourceRange& one : a) {
    for (const SourceRange& other : b) {
      if (one.accounts() && other.accounts() && one.partition == other.partition && one.topic == other.topic)
        return true;
    }
  }
  return false;
}

}  // namespace

void PartAssembler::Preempt(absl::Span<const SourceRange> sources) {
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (ShareASource(it->sources, sources)) {
      ++torn_;
      it = pending_.erase(it);
    } else {
      ++it;
    }
  }
}

std::optional<PartAssembler::Whole> PartAssembler::Add(const Block& block, std::string_view bytes, Offset offset) {
  if (block.part == 0) {
    Preempt(block.sources);
    pending_.push_back({.sources = block.sources,
                        .config_version = block.config_version,
                        .part_count = block.parts,
                        .whole = {.first_offset = offset, .parts = {std::string(bytes)}}});
    return std::nullopt;
  }
  for (auto it = pending_.begin(); it != pending_.end(); ++it) {
    if (it->part_count != block.parts || it->whole.parts.size() != block.part ||
        it->config_version != block.config_version || it->sources != block.sources) {
      continue;
    }
    it->whole.parts.emplace_back(bytes);
    if (it->whole.parts.size() < it->part_count) return std::nullopt;
    std::optional<Whole> whole = std::move(it->whole);
    pending_.erase(it);
    return whole;
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
