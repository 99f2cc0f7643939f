#include "app/audit/audit_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

using Json = nlohmann::ordered_json;

std::string NameOf(const TopicPartition& source) { return absl::StrCat(source.topic, "/", source.partition); }

// Over all source partitions of one mentions partition.
SourceAudit Sum(const BlockAudit& audit) {
  SourceAudit sum;
  for (const auto& [source, each] : audit.sources()) {
    sum.applied += each.applied;
    sum.repeats += each.repeats;
    sum.overlaps += each.overlaps;
    sum.gaps += each.gaps;
    sum.new_epochs += each.new_epochs;
  }
  return sum;
}

std::string Sentence(const AuditFinding& finding) {
  const std::string range = absl::StrCat(NameOf(finding.source), " [", finding.from, ", ", finding.to, ")");
  const std::string at = absl::StrCat(" at offset ", finding.mentions_offset);
  switch (finding.problem) {
    case AuditProblem::kGap:
      return absl::StrCat("gap: ", range, " is in no block before the one", at);
    case AuditProblem::kRepeat:
      return absl::StrCat("repeat: ", range, " had been accounted for before the block", at);
    case AuditProblem::kOverlap:
      return absl::StrCat("overlap: ", range, " had been accounted for before the block", at);
    case AuditProblem::kTorn:
      return absl::StrCat("torn: parts of a block are missing", at);
    case AuditProblem::kDamaged:
      return absl::StrCat("damaged: no block can be read", at);
    case AuditProblem::kUnaccounted:
      return absl::StrCat("unaccounted: the account of ", range, " does not add up in the block", at);
    case AuditProblem::kBehind:
      return absl::StrCat("behind: ", range, " is committed as read, and no block accounts for it");
    case AuditProblem::kUncommitted:
      return absl::StrCat("uncommitted: a block accounts for ", range, ", which is not committed as read");
  }
  return "";
}

// The chain of one source partition as the mentions partitions see it together.
struct Together {
  Offset first = 0, end = 0;  // of the one that reaches back furthest, of the one that ends first
  SourceAudit account;        // of the one that reaches back furthest
  size_t partitions = 0;
};

std::map<TopicPartition, Together> BySource(const LogAudit& audit) {
  std::map<TopicPartition, Together> all;
  for (const MentionsAudit& partition : audit.partitions) {
    for (const auto& [source, each] : partition.audit.sources()) {
      Together& together = all[source];
      if (together.partitions == 0 || each.records > together.account.records) together.account = each;
      together.first = together.partitions == 0 ? each.first : std::min(together.first, each.first);
      together.end = together.partitions == 0 ? each.end : std::min(together.end, each.end);
      ++together.partitions;
    }
  }
  return all;
}

std::string Verdict(const LogAudit& audit) {
  int64_t blocks = 0;
  for (const MentionsAudit& partition : audit.partitions) blocks += partition.audit.blocks();
  std::string verdict;
  for (const AuditProblem problem :
       {AuditProblem::kGap, AuditProblem::kRepeat, AuditProblem::kOverlap, AuditProblem::kTorn, AuditProblem::kDamaged,
        AuditProblem::kUnaccounted, AuditProblem::kBehind, AuditProblem::kUncommitted}) {
    const int64_t count = audit.Count(problem);
    if (count > 0) absl::StrAppend(&verdict, verdict.empty() ? ": " : ", ", count, " ", AuditProblemName(problem));
  }
  return absl::StrCat(audit.IsWhole() ? "whole" : "NOT WHOLE", verdict, "; ", blocks, " blocks of ",
                      BySource(audit).size(), " source partitions in ", audit.partitions.size(),
                      " mentions partitions\n");
}

Json ToJson(const AuditFinding& finding) {
  Json json;
  json["problem"] = AuditProblemName(finding.problem);
  json["mentions_offset"] = finding.mentions_offset < 0 ? Json(nullptr) : Json(finding.mentions_offset);
  if (finding.source.topic.empty()) return json;
  json["topic"] = finding.source.topic;
  json["partition"] = finding.source.partition;
  json["from"] = finding.from;
  json["to"] = finding.to;
  return json;
}

Json ToJson(const TopicPartition& name, const SourceAudit& source, const LogAudit& audit) {
  Json json;
  json["topic"] = name.topic;
  json["partition"] = name.partition;
  json["epoch"] = source.epoch;
  json["first"] = source.first;
  json["end"] = source.end;
  const auto committed = audit.committed.find(name);
  json["committed"] = committed == audit.committed.end() ? Json(nullptr) : Json(committed->second);
  json["applied"] = source.applied;
  json["repeats"] = source.repeats;
  json["overlaps"] = source.overlaps;
  json["gaps"] = source.gaps;
  json["missing"] = source.missing;
  json["new_epochs"] = source.new_epochs;
  json["records"] = source.records;
  json["matched"] = source.matched;
  json["unmatched"] = source.unmatched;
  json["dead"] = source.dead;
  json["official"] = source.official;
  return json;
}

}  // namespace

std::string RenderLogAudit(const LogAudit& audit) {
  std::string text;
  for (size_t i = 0; i < audit.partitions.size(); ++i) {
    const MentionsAudit& partition = audit.partitions[i];
    const BlockAudit& blocks = partition.audit;
    const SourceAudit sum = Sum(blocks);
    absl::StrAppend(&text, audit.mentions_topic, "/", i, " [", partition.range.begin, ", ", partition.range.end,
                    "): ", blocks.blocks(), " blocks, ", blocks.rows(), " rows; ranges applied ", sum.applied,
                    ", repeats ", sum.repeats, ", overlaps ", sum.overlaps, ", gaps ", sum.gaps, ", new epochs ",
                    sum.new_epochs, "\n");
    for (const AuditFinding& finding : blocks.findings()) absl::StrAppend(&text, "  ", Sentence(finding), "\n");
    if (blocks.findings().size() == BlockAudit::kFindingsMax) absl::StrAppend(&text, "  and perhaps more\n");
  }
  for (const auto& [source, together] : BySource(audit)) {
    const SourceAudit& account = together.account;
    absl::StrAppend(&text, NameOf(source), " [", together.first, ", ", together.end, ") in ", together.partitions,
                    " of ", audit.partitions.size(), " mentions partitions, epoch ", account.epoch, ": ",
                    account.records, " records = ", account.matched, " matched + ", account.unmatched, " unmatched + ",
                    account.dead, " dead + ", account.official, " official\n");
  }
  for (const std::string& note : audit.notes) absl::StrAppend(&text, "note: ", note, "\n");
  return absl::StrCat(text, Verdict(audit));
}

std::string RenderLogAuditJson(const LogAudit& audit) {
  Json json;
  json["whole"] = audit.IsWhole();
  json["mentions_topic"] = audit.mentions_topic;
  json["partitions"] = Json::array();
  for (size_t i = 0; i < audit.partitions.size(); ++i) {
    const MentionsAudit& partition = audit.partitions[i];
    Json& one = json["partitions"].emplace_back();
    one["partition"] = i;
    one["begin"] = partition.range.begin;
    one["end"] = partition.range.end;
    one["blocks"] = partition.audit.blocks();
    one["rows"] = partition.audit.rows();
    one["torn"] = partition.audit.Count(AuditProblem::kTorn);
    one["damaged"] = partition.audit.Count(AuditProblem::kDamaged);
    one["sources"] = Json::array();
    for (const auto& [source, each] : partition.audit.sources()) {
      one["sources"].push_back(ToJson(source, each, audit));
    }
    one["findings"] = Json::array();
    for (const AuditFinding& finding : partition.audit.findings()) one["findings"].push_back(ToJson(finding));
  }
  json["notes"] = audit.notes;
  return json.dump() + "\n";
}

}  // namespace tocsin
