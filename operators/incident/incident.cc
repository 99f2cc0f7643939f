#include "operators/incident/incident.h"

#include <utility>

#include "operators/mention/sample_rule.h"

namespace tocsin {
namespace {

void EncodePost(const std::optional<SignalPost>& post, ByteWriter* writer) {
  writer->Bool(post.has_value());
  if (!post) return;
  writer->String(post->id);
  writer->Fixed64(post->post_hash);
  writer->Fixed64(post->author_hash);
  writer->Byte(static_cast<uint8_t>(post->network));
  writer->Signed(post->event_time_ms);
  writer->Byte(static_cast<uint8_t>(post->kind));
  writer->Byte(static_cast<uint8_t>(post->sentiment));
  writer->Varint(post->reach);
  writer->String(post->author_handle);
  writer->String(post->text);
  writer->String(post->why);
  writer->String(post->source.topic);
  writer->Signed(post->source.partition);
  writer->Signed(post->offset);
}

std::optional<SignalPost> DecodePost(ByteReader* reader) {
  if (!reader->Bool()) return std::nullopt;
  SignalPost post;
  post.id = reader->String();
  post.post_hash = reader->Fixed64();
  post.author_hash = reader->Fixed64();
  post.network = static_cast<Network>(reader->Byte());
  post.event_time_ms = reader->Signed();
  post.kind = static_cast<PostKind>(reader->Byte());
  post.sentiment = static_cast<SentimentClass>(reader->Byte());
  post.reach = static_cast<uint32_t>(reader->Varint());
  post.author_handle = reader->String();
  post.text = reader->String();
  post.why = reader->String();
  post.source.topic = reader->String();
  post.source.partition = static_cast<int32_t>(reader->Signed());
  post.offset = reader->Signed();
  return post;
}

void EncodeOptional(const std::optional<int64_t>& value, ByteWriter* writer) {
  writer->Bool(value.has_value());
  if (value) writer->Signed(*value);
}

std::optional<int64_t> DecodeOptional(ByteReader* reader) {
  if (!reader->Bool()) return std::nullopt;
  return reader->Signed();
}

// The plain numbers, in the order of the encoding.
template <typename Self, typename Visit>
void VisitNumbers(Self& incident, const Visit& visit) {
  visit(incident.sequence);
  visit(incident.onset_ms);
  visit(incident.opened_ms);
  visit(incident.first_signal_ms);
  visit(incident.first_confirmed_ms);
  visit(incident.confirmed_ms);
  visit(incident.resolved_ms);
  visit(incident.last_signal_ms);
  visit(incident.next_check_ms);
  visit(incident.last_fired_ms);
  visit(incident.incomplete_ms);
  visit(incident.gaps);
  visit(incident.update_step);
  visit(incident.confirm_streak);
  visit(incident.opened_negative);
  visit(incident.opened_classified);
  visit(incident.peak_half_hour);
  visit(incident.peak_bin);
  visit(incident.peak_ms);
  visit(incident.mentions);
  visit(incident.negative);
  visit(incident.classified);
  visit(incident.safety_or_breach_authors);
  visit(incident.high_reach_negatives);
  for (auto& authors : incident.term_authors) visit(authors);
}

void EncodeAction(const HandledAction& action, ByteWriter* writer) {
  writer->Byte(static_cast<uint8_t>(action.kind));
  writer->String(action.by);
  writer->String(action.note);
  writer->Signed(action.at_ms);
  writer->Signed(action.until_ms);
  writer->Signed(action.level);
}

HandledAction DecodeAction(ByteReader* reader) {
  HandledAction action;
  const uint8_t kind = reader->Byte();
  if (kind >= kActionKinds) reader->Fail();
  action.kind = static_cast<ActionKind>(std::min<size_t>(kind, kActionKinds - 1));
  action.by = reader->String();
  action.note = reader->String();
  action.at_ms = reader->Signed();
  action.until_ms = reader->Signed();
  action.level = static_cast<int32_t>(reader->Signed());
  return action;
}

}  // namespace

void EncodeHandled(const std::optional<HandledAction>& action, ByteWriter* writer) {
  writer->Bool(action.has_value());
  if (action) EncodeAction(*action, writer);
}

std::optional<HandledAction> DecodeHandled(ByteReader* reader) {
  if (!reader->Bool()) return std::nullopt;
  return DecodeAction(reader);
}

void HashSet::Encode(ByteWriter* writer) const {
  std::vector<uint64_t> sorted(hashes_.begin(), hashes_.end());
  std::sort(sorted.begin(), sorted.end());
  writer->Varint(sorted.size());
  for (const uint64_t hash : sorted) writer->Fixed64(hash);
}

void HashSet::Decode(ByteReader* reader) {
  hashes_.clear();
  const size_t count = reader->Count(sizeof(uint64_t));
  hashes_.reserve(count);
  for (size_t i = 0; i < count; ++i) hashes_.insert(reader->Fixed64());
}

void Incident::RestartCounts() {
  Incident fresh;
  fresh.state = state;
  fresh.id = std::move(id);
  fresh.level = level;
  fresh.highest_level = highest_level;
  fresh.sequence = sequence;
  fresh.ever_confirmed = ever_confirmed;
  fresh.first_signal_ms = first_signal_ms;
  fresh.first_confirmed_ms = first_confirmed_ms;
  fresh.timeline = std::move(timeline);
  fresh.actions = std::move(actions);
  *this = std::move(fresh);
}

std::optional<HandledAction> Incident::AcknowledgedInForce() const {
  const bool in_force = acknowledged.has_value() && level <= acknowledged->level;
  return in_force ? acknowledged : std::nullopt;
}

void Incident::Remember(const HandledAction& action) {
  if (actions.size() >= kActionsHeld) actions.erase(actions.begin());
  actions.push_back(action);
}

void Incident::NewAlarm() {
  escalate_by_ms = 0;
  escalated_at_ms.reset();
}

void Incident::Add(const HeldMention& row) {
  authors.Insert(row.author_hash);
  ++languages[row.language];
  AddToCourse(row);
}

void Incident::AddToCourse(const HeldMention& row) {
  ++mentions;
  NetworkTotals& network = networks[row.network];
  if (network.mentions++ == 0) network.first_seen_ms = row.event_time_ms;
  network.first_seen_ms = std::min(network.first_seen_ms, row.event_time_ms);
  if (row.sentiment != SentimentClass::kUnclassified) {
    ++classified;
    if (classified_originals.has_value() && row.kind != PostKind::kRepost) ++*classified_originals;
  }
  if (row.sentiment == SentimentClass::kPositive) ++positive;
  if (row.sentiment != SentimentClass::kNegative) return;
  ++negative;
  if (row.kind == PostKind::kRepost) return;
  ++network.negative_originals;
  if (row.reach >= kHighReach) ++high_reach_negatives;
  negative_texts.Insert(row.text_hash);
  if (!negative_authors.Insert(row.author_hash)) return;
  for (size_t bit = 0; bit < kTermBits; ++bit) {
    if ((row.terms >> bit & 1) != 0) ++term_authors[bit];
  }
  if ((row.terms & (kSafetyTerm | kBreachTerm)) != 0) ++safety_or_breach_authors;
}

void Incident::Encode(ByteWriter* writer) const {
  writer->Byte(static_cast<uint8_t>(state));
  writer->String(id);
  writer->Signed(level);
  writer->Signed(highest_level);
  writer->Bool(ever_confirmed);
  VisitNumbers(*this, [writer](int64_t value) { writer->Signed(value); });
  writer->Bool(knows_positive);
  writer->Signed(positive);
  EncodeOptional(below_half_ms, writer);
  EncodeOptional(below_tenth_ms, writer);
  authors.Encode(writer);
  negative_authors.Encode(writer);
  negative_texts.Encode(writer);
  writer->Varint(networks.size());
  for (const auto& [network, totals] : networks) {
    writer->Byte(static_cast<uint8_t>(network));
    writer->Signed(totals.mentions);
    writer->Signed(totals.negative_originals);
    writer->Signed(totals.first_seen_ms);
  }
  writer->Varint(languages.size());
  for (const auto& [language, count] : languages) {
    writer->Varint(language);
    writer->Signed(count);
  }
  EncodePost(first_post, writer);
  EncodePost(first_high_reach_post, writer);
  writer->Varint(timeline.size());
  for (const LevelChange& change : timeline) {
    writer->Signed(change.at_ms);
    writer->Byte(static_cast<uint8_t>(change.state));
    writer->Signed(change.level);
    writer->String(change.escalated_to);
  }
  writer->Varint(actions.size());
  for (const HandledAction& action : actions) EncodeAction(action, writer);
  for (const auto* action : {&acknowledged, &silenced, &ended}) EncodeHandled(*action, writer);
  writer->Bool(muted_change);
  writer->Signed(escalate_by_ms);
  EncodeOptional(escalated_at_ms, writer);
}

absl::Status Incident::Decode(ByteReader* reader, bool has_balance, bool has_actions, bool has_escalations) {
  *this = Incident();
  const uint8_t state_value = reader->Byte();
  id = reader->String();
  level = static_cast<int32_t>(reader->Signed());
  highest_level = static_cast<int32_t>(reader->Signed());
  ever_confirmed = reader->Bool();
  VisitNumbers(*this, [reader](int64_t& value) { value = reader->Signed(); });
  knows_positive = has_balance && reader->Bool();
  positive = has_balance ? reader->Signed() : 0;
  below_half_ms = DecodeOptional(reader);
  below_tenth_ms = DecodeOptional(reader);
  authors.Decode(reader);
  negative_authors.Decode(reader);
  negative_texts.Decode(reader);
  for (size_t i = reader->Count(4); i > 0; --i) {
    NetworkTotals& totals = networks[static_cast<Network>(reader->Byte())];
    totals.mentions = reader->Signed();
    totals.negative_originals = reader->Signed();
    totals.first_seen_ms = reader->Signed();
  }
  for (size_t i = reader->Count(2); i > 0; --i) {
    const auto language = static_cast<uint16_t>(reader->Varint());
    languages[language] = reader->Signed();
  }
  first_post = DecodePost(reader);
  first_high_reach_post = DecodePost(reader);
  timeline.resize(reader->Count(3));
  for (LevelChange& change : timeline) {
    change.at_ms = reader->Signed();
    change.state = static_cast<IncidentState>(reader->Byte());
    change.level = static_cast<int32_t>(reader->Signed());
    if (has_escalations) change.escalated_to = reader->String();
  }
  if (has_actions) {
    for (size_t i = reader->Count(6); i > 0; --i) actions.push_back(DecodeAction(reader));
    for (auto* action : {&acknowledged, &silenced, &ended}) *action = DecodeHandled(reader);
    muted_change = reader->Bool();
  }
  if (has_escalations) {
    escalate_by_ms = reader->Signed();
    escalated_at_ms = DecodeOptional(reader);
  }
  if (!reader->ok() || state_value > static_cast<uint8_t>(IncidentState::kResolved)) {
    return absl::DataLossError("incident: damaged state");
  }
  state = static_cast<IncidentState>(state_value);
  return absl::OkStatus();
}

}  // namespace tocsin
