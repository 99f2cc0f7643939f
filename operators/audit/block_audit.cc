#include "operators/audit/block_audit.h"

#include <optional>
#include <utility>

namespace tocsin {

std::string_view AuditProblemName(AuditProblem problem) {
  switch (problem) {
    case AuditProblem::kGap:
      return "gap";
    case AuditProblem::kRepeat:
      return "repeat";
    case AuditProblem::kOverlap:
      return "overlap";
    case AuditProblem::kTorn:
      return "torn";
    case AuditProblem::kDamaged:
      return "damaged";
    case AuditProblem::kUnaccounted:
      return "unaccounted";
    case AuditProblem::kBehind:
      return "behind";
    case AuditProblem::kUncommitted:
      return "uncommitted";
  }
  return "unknown";
}

bool IsLoss(AuditProblem problem) {
  return problem != AuditProblem::kRepeat && problem != AuditProblem::kOverlap && problem != AuditProblem::kTorn;
}

void BlockAudit::Find(const AuditFinding& finding) {
  ++counts_[finding.problem];
  if (findings_.size() < kFindingsMax) findings_.push_back(finding);
}

void BlockAudit::FindTorn(int64_t torn_before, Offset offset) {
  for (int64_t i = torn_before; i < assembler_.torn(); ++i) {
    Find({.problem = AuditProblem::kTorn, .mentions_offset = offset});
  }
}

void BlockAudit::Add(std::string_view bytes, Offset offset) {
  if (!DecodeBlock(bytes, &decoded_).ok()) return Find({.problem = AuditProblem::kDamaged, .mentions_offset = offset});
  rows_ += static_cast<int64_t>(decoded_.mentions.size());
  const int64_t torn_before = assembler_.torn();
  Offset first_offset = offset;
  if (decoded_.parts == 1) {
    assembler_.Preempt(decoded_.sources);
    FindTorn(torn_before, offset);
  } else {
    const std::optional<PartAssembler::Whole> whole = assembler_.Add(decoded_, bytes, offset);
    FindTorn(torn_before, offset);
    if (!whole.has_value()) return;
    first_offset = whole->first_offset;
  }
  ++blocks_;
  for (const SourceRange& range : decoded_.sources) {
    if (range.accounts()) ApplySource(range, first_offset);
  }
}

void BlockAudit::ApplySource(const SourceRange& range, Offset offset) {
  const AuditResult result = chain_.Apply(range);
  const auto [entry, is_new] = sources_.try_emplace({range.topic, range.partition});
  SourceAudit& source = entry->second;
  AuditFinding finding{.mentions_offset = offset, .source = entry->first, .from = range.from, .to = range.to};
  switch (result.verdict) {
    case AuditVerdict::kApplied:
      break;
    case AuditVerdict::kFirst:
      source.first = range.from;
      break;
    case AuditVerdict::kNewEpoch:
      ++source.new_epochs;
      break;
    case AuditVerdict::kRepeat:
      ++source.repeats;
      finding.problem = AuditProblem::kRepeat;
      return Find(finding);
    case AuditVerdict::kOverlap:
      ++source.overlaps;
      finding.problem = AuditProblem::kOverlap;
      finding.to = result.skip_below;
      Find(finding);
      break;
    case AuditVerdict::kGap:
      ++source.gaps;
      source.missing += result.missing;
      finding.problem = AuditProblem::kGap;
      finding.from = range.from - result.missing;
      finding.to = range.from;
      Find(finding);
      break;
  }
  ++source.applied;
  source.epoch = range.epoch;
  source.end = range.to;
  source.records += range.records;
  source.matched += range.matched;
  source.unmatched += range.unmatched;
  source.dead += range.dead;
  source.official += range.official;
  const int64_t accounted = int64_t{range.matched} + range.unmatched + range.dead + range.official;
  if (accounted == range.records && int64_t{range.records} <= range.to - range.from) return;
  Find({AuditProblem::kUnaccounted, offset, entry->first, range.from, range.to});
}

void BlockAudit::Finish() {
  const std::optional<Offset> begun = assembler_.first_offset();
  if (begun.has_value()) Find({.problem = AuditProblem::kTorn, .mentions_offset = *begun});
  assembler_.Clear();
}

void BlockAudit::CheckEnd(const TopicPartition& source, uint32_t epoch, Offset committed_before,
                          Offset committed_after) {
  const auto found = sources_.find(source);
  const bool is_known = found != sources_.end() && found->second.epoch == epoch;
  const Offset end = is_known ? found->second.end : 0;
  if (end < committed_before) Find({AuditProblem::kBehind, -1, source, end, committed_before});
  if (end > committed_after) Find({AuditProblem::kUncommitted, -1, source, committed_after, end});
}

int64_t BlockAudit::Count(AuditProblem problem) const {
  const auto found = counts_.find(problem);
  return found == counts_.end() ? 0 : found->second;
}

bool BlockAudit::HasLoss() const {
  for (const auto& [problem, count] : counts_) {
    if (count > 0 && IsLoss(problem)) return true;
  }
  return false;
}

}  // namespace tocsin
