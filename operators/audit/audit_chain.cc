#include "operators/audit/audit_chain.h"

#include <string>
#include <utility>

namespace tocsin {

AuditResult AuditChain::Check(const SourceRange& range) const {
  const auto found = links_.find(TopicPartition{range.topic, range.partition});
  if (found == links_.end()) return {.verdict = AuditVerdict::kFirst};
  const Link& link = found->second;
  if (range.epoch > link.epoch) return {.verdict = AuditVerdict::kNewEpoch};
  if (range.epoch < link.epoch) return {.verdict = AuditVerdict::kRepeat, .skip_below = kSkipAll};
  if (range.from == link.last) return {.verdict = AuditVerdict::kApplied};
  if (range.from > link.last) return {.verdict = AuditVerdict::kGap, .missing = range.from - link.last};
  if (range.to <= link.last) return {.verdict = AuditVerdict::kRepeat, .skip_below = kSkipAll};
  return {.verdict = AuditVerdict::kOverlap, .skip_below = link.last};
}

AuditResult AuditChain::Apply(const SourceRange& range) {
  const AuditResult result = Check(range);
  if (result.verdict == AuditVerdict::kRepeat) return result;
  links_[TopicPartition{range.topic, range.partition}] = {.epoch = range.epoch, .last = range.to};
  return result;
}

void AuditChain::Encode(ByteWriter* writer) const {
  writer->Varint(links_.size());
  for (const auto& [source, link] : links_) {
    writer->String(source.topic);
    writer->Signed(source.partition);
    writer->Varint(link.epoch);
    writer->Signed(link.last);
  }
}

absl::Status AuditChain::Decode(ByteReader* reader) {
  constexpr size_t kMinLinkBytes = 4;
  links_.clear();
  for (size_t count = reader->Count(kMinLinkBytes); count > 0; --count) {
    TopicPartition source;
    source.topic = reader->String();
    source.partition = static_cast<int32_t>(reader->Signed());
    Link link;
    link.epoch = static_cast<uint32_t>(reader->Varint());
    link.last = reader->Signed();
    links_.emplace(std::move(source), link);
  }
  if (!reader->ok()) return absl::DataLossError("audit chain is malformed");
  return absl::OkStatus();
}

}  // namespace tocsin
