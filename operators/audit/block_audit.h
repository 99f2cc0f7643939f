// The audit of one mentions partition's blocks: every block is followed, and whatever does not fit is remembered.
//
// Detect decides block by block and goes on (audit_chain.h); this keeps the books: what was applied, repeated,
// overlapping or missing, by source partition, and where. The blocks come in the order of their offsets; whether their
// rows are what they should be is not its business.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "operators/audit/audit_chain.h"
#include "operators/audit/part_assembler.h"
#include "operators/block/block.h"

namespace tocsin {

enum class AuditProblem : uint8_t {
  kGap,          // source offsets [from, to) were never accounted for
  kRepeat,       // [from, to) were accounted for before: dropped by detect, so harmless
  kOverlap,      // likewise, the beginning of a block
  kTorn,         // a block without all of its parts; a loss only if a gap follows
  kDamaged,      // no block can be read from the record: an error to detect, which stops there
  kUnaccounted,  // the block's own account of [from, to) does not add up
  kBehind,       // at the end: offsets [from, to) are committed, but no block accounts for them
  kUncommitted,  // at the end: a block accounts for [from, to), which are not committed
};

// A word for each, in lower case; those of a loss are IsLoss.
std::string_view AuditProblemName(AuditProblem problem);
bool IsLoss(AuditProblem problem);

struct AuditFinding {
  AuditProblem problem = AuditProblem::kGap;
  Offset mentions_offset = -1;  // of the block's first part; -1: none, at the end
  TopicPartition source = {};   // empty where the problem is of no source
  Offset from = 0, to = 0;      // half-open; offsets of the source
};

// What the blocks say of one source partition.
struct SourceAudit {
  uint32_t epoch = 0;   // the newest
  Offset first = 0;     // where the chain begins, in its first epoch
  Offset end = 0;       // behind the last offset accounted for, in the newest epoch
  int64_t applied = 0;  // blocks that continue or begin the chain, or leave a gap before them
  int64_t repeats = 0, overlaps = 0, gaps = 0;
  int64_t missing = 0;     // offsets within the gaps
  int64_t new_epochs = 0;  // times that the topic was made anew
  // The account, of what was applied.
  int64_t records = 0, matched = 0, unmatched = 0, dead = 0, official = 0;
};

class BlockAudit {
 public:
  // Findings are kept up to this number, counted beyond it.
  static constexpr size_t kFindingsMax = 100;

  // The mentions log's record at `offset`.
  void Add(std::string_view bytes, Offset offset);

  // After the last block: blocks that were begun are torn.
  void Finish();
  // Holds the end of a source partition's chain against the offsets that its group had committed before the reading
  // began and after it had ended: the chain must end between them. REQUIRES: Finish.
  void CheckEnd(const TopicPartition& source, uint32_t epoch, Offset committed_before, Offset committed_after);

  int64_t blocks() const { return blocks_; }  // whole ones
  int64_t rows() const { return rows_; }      // in all parts, whatever became of them
  const std::map<TopicPartition, SourceAudit>& sources() const { return sources_; }
  const std::vector<AuditFinding>& findings() const { return findings_; }
  int64_t Count(AuditProblem problem) const;
  bool HasLoss() const;

 private:
  void ApplySource(const SourceRange& range, Offset offset);
  void Find(const AuditFinding& finding);
  void FindTorn(int64_t torn_before, Offset offset);

  AuditChain chain_;
  PartAssembler assembler_;
  Block decoded_;
  int64_t blocks_ = 0;
  int64_t rows_ = 0;
  std::map<TopicPartition, SourceAudit> sources_;
  std::vector<AuditFinding> findings_;
  std::map<AuditProblem, int64_t> counts_;
};

}  // namespace tocsin
