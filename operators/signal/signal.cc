#include "operators/signal/signal.h"

#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/hash.h"
#include "operators/detect/tail.h"

namespace tocsin {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

Json Number(double value) { return RoundPublished(value); }
Json Number(const std::optional<double>& value) { return value ? Json(RoundPublished(*value)) : Json(nullptr); }
Json Integer(const std::optional<int64_t>& value) { return value ? Json(*value) : Json(nullptr); }
Json Time(const std::optional<int64_t>& epoch_ms) {
  return epoch_ms ? Json(FormatEventTime(*epoch_ms)) : Json(nullptr);
}
Json Text(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }

// Of an object that is being made.
struct Member {
  std::string_view name;
  mutable Json value;  // moved from, though the elements of an initializer list are const
};

// In the order given. A name is given once, so none is looked for, as Json's own constructor would do.
Json Object(std::initializer_list<Member> members) {
  Json json = Json::object();
  auto& object = json.get_ref<Json::object_t&>();
  object.reserve(members.size());
  for (const Member& member : members) object.emplace_back(std::string(member.name), std::move(member.value));
  return json;
}

std::string Hex(uint64_t value) {
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(value));
  return digits;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string_view KindName(PostKind kind) {
  switch (kind) {
    case PostKind::kOriginal:
      return "original";
    case PostKind::kRepost:
      return "repost";
    case PostKind::kReply:
      return "reply";
    case PostKind::kQuote:
      return "quote";
  }
  return "original";
}

Json RenderTest(const SignalTest& test) {
  return Object({{"name", test.name},
                 {"window_s", test.window_s},
                 {"observed", Number(test.observed)},
                 {"expected", Number(test.expected)},
                 {"dispersion", Number(test.dispersion)},
                 {"baseline_share", Number(test.baseline_share)},
                 {"count", Integer(test.count)},
                 {"trials", Integer(test.trials)},
                 {"one_in", Integer(test.one_in)},
                 {"threshold", Number(test.threshold)},
                 {"below", test.below},
                 {"passed", test.passed}});
}

Json RenderPost(const SignalPost& post) {
  return Object({{"id", Text(post.id)},
                 {"hash", Hex(post.post_hash)},
                 {"network", NetworkName(post.network)},
                 {"time", FormatEventTime(post.event_time_ms)},
                 {"kind", KindName(post.kind)},
                 {"author", Text(post.author_handle)},
                 {"author_hash", Hex(post.author_hash)},
                 {"reach", post.reach},
                 {"text", Text(post.text)},
                 {"sentiment", SentimentName(post.sentiment)},
                 {"why", post.why},
                 {"topic", post.source.topic},
                 {"partition", post.source.partition},
                 {"offset", post.offset}});
}

Json RenderNamed(const std::vector<CountedName>& names) {
  Json list = Json::array();
  for (const CountedName& entry : names) list.push_back(Object({{"name", entry.name}, {"mentions", entry.mentions}}));
  return list;
}

Json RenderTimes(const Signal& signal, std::optional<int64_t> emitted_at_ms) {
  const Signal::Times& times = signal.times;
  return Object({{"onset", Time(times.onset_ms)},
                 {"window_start", FormatEventTime(times.window_start_ms)},
                 {"window_end", FormatEventTime(times.window_end_ms)},
                 {"watermark", FormatEventTime(times.watermark_ms)},
                 {"detected_at", FormatEventTime(times.detected_at_ms)},
                 {"emitted_at", Time(emitted_at_ms)},
                 {"detection_delay_ms", Integer(times.detection_delay_ms)}});
}

Json RenderVelocity(const Signal::Velocity& velocity) {
  return Object({{"per_minute", Number(velocity.per_minute)},
                 {"expected", Number(velocity.expected)},
                 {"dispersion", Number(velocity.dispersion)},
                 {"ratio", Number(velocity.ratio)},
                 {"score", Number(velocity.score)},
                 {"threshold", Number(velocity.threshold)},
                 {"acceleration", Number(velocity.acceleration)},
                 {"doubling_time_s", Number(velocity.doubling_time_s)}});
}

Json RenderMeasure(const RatioCalibration::Measure& measure, int64_t posts) {
  return Object({{"posts", posts}, {"mean", measure.mean}, {"variance", measure.variance}, {"error", measure.error}});
}

// Not rounded further than the file of the calibration is: the interval can be computed from these again.
Json RenderCalibration(const RatioCalibration& calibration) {
  if (calibration.kind == RatioCalibration::Kind::kNone) return nullptr;
  const bool own = calibration.kind == RatioCalibration::Kind::kOwn;
  return Object(
      {{"name", calibration.name},
       {"kind", own ? "own" : "shipped"},
       {"why", own ? "measured on labelled posts of this domain"
                   : "no labelled posts of this domain: the interval allows for any that the model was measured on"},
       {"of_negative", RenderMeasure(calibration.negative, calibration.negatives)},
       {"of_other", RenderMeasure(calibration.other, calibration.others)}});
}

Json RenderSentiment(const Signal::Sentiment& sentiment) {
  return Object({{"negative", sentiment.negative},
                 {"neutral", sentiment.neutral},
                 {"positive", sentiment.positive},
                 {"unclassified", sentiment.unclassified},
                 {"negative_ratio", Number(sentiment.negative_ratio)},
                 {"corrected", Number(sentiment.corrected)},
                 {"low", Number(sentiment.low)},
                 {"high", Number(sentiment.high)},
                 {"baseline", Number(sentiment.baseline)},
                 {"classified_share", Number(sentiment.classified_share)},
                 {"rated", sentiment.rated},
                 {"rated_negative", sentiment.rated_negative},
                 {"negativity", sentiment.negativity},
                 {"calibration", RenderCalibration(sentiment.calibration)}});
}

Json RenderCourse(const Signal::Course& course) {
  return Object({{"persistence_s", Integer(course.persistence_s)},
                 {"peak_per_minute", Number(course.peak_per_minute)},
                 {"time_to_peak_s", Integer(course.time_to_peak_s)},
                 {"time_to_50pct_s", Integer(course.time_to_50pct_s)},
                 {"time_to_10pct_s", Integer(course.time_to_10pct_s)},
                 {"negative_area", Integer(course.negative_area)}});
}

Json RenderNetworks(const Signal& signal) {
  Json list = Json::array();
  for (const NetworkSpread& spread : signal.networks) {
    list.push_back(Object({{"name", NetworkName(spread.network)},
                           {"mentions", spread.mentions},
                           {"first_seen", FormatEventTime(spread.first_seen_ms)}}));
  }
  return list;
}

Json RenderEvidence(const Signal::Evidence& evidence) {
  Json samples = Json::array();
  for (const SignalPost& sample : evidence.samples) samples.push_back(RenderPost(sample));
  return Object({{"top_terms", RenderNamed(evidence.top_terms)},
                 {"top_hashtags", RenderNamed(evidence.top_hashtags)},
                 {"top_urls", RenderNamed(evidence.top_urls)},
                 {"top_authors", RenderNamed(evidence.top_authors)},
                 {"first_post", evidence.first_post ? RenderPost(*evidence.first_post) : Json(nullptr)},
                 {"first_high_reach_post",
                  evidence.first_high_reach_post ? RenderPost(*evidence.first_high_reach_post) : Json(nullptr)},
                 {"samples", std::move(samples)}});
}

Json RenderReasons(const std::vector<CountedName>& reasons) {
  Json object = Json::object();
  for (const CountedName& reason : reasons) object[reason.name] = reason.mentions;
  return object;
}

Json RenderQuality(const Signal& signal, std::optional<int64_t> emitted_at_ms) {
  const Signal::Quality& quality = signal.quality;
  return Object({{"baseline", quality.baseline_ready ? "ready" : "learning"},
                 {"completeness", std::to_string(quality.sources_complete) + "/" + std::to_string(quality.sources)},
                 {"lag_ms", emitted_at_ms ? Json(*emitted_at_ms - signal.times.window_end_ms) : Json(nullptr)},
                 {"late_dropped", quality.late_dropped},
                 {"gaps", quality.gaps},
                 {"stale", quality.stale}});
}

Json RenderRoute(const Signal::RouteInfo& route) {
  return Object({{"owner", Text(route.owner)},
                 {"channel", Text(route.channel)},
                 {"playbook_url", Text(route.playbook_url)},
                 {"dashboard_url", Text(route.dashboard_url)},
                 {"next_update_by", Time(route.next_update_by_ms)},
                 {"next", Text(route.next)},
                 {"calls_next", route.calls_next},
                 {"escalate_by", Time(route.escalate_by_ms)},
                 {"escalated_at", Time(route.escalated_at_ms)}});
}

Json RenderHandled(const HandledAction& action) {
  return Object({{"action", ActionName(action.kind)},
                 {"by", action.by},
                 {"at", FormatEventTime(action.at_ms)},
                 {"until", action.until_ms > 0 ? Json(FormatEventTime(action.until_ms)) : Json(nullptr)},
                 {"level", action.level},
                 {"note", Text(action.note)}});
}

Json RenderHandled(const std::optional<HandledAction>& action) {
  return action ? RenderHandled(*action) : Json(nullptr);
}

Json RenderHandled(const std::vector<HandledAction>& actions) {
  Json list = Json::array();
  for (const HandledAction& action : actions) list.push_back(RenderHandled(action));
  return list;
}

Json RenderHandling(const Signal::Handling& handling) {
  return Object({{"acknowledged", RenderHandled(handling.acknowledged)},
                 {"silenced", RenderHandled(handling.silenced)},
                 {"ended", RenderHandled(handling.ended)},
                 {"actions", RenderHandled(handling.actions)}});
}

Json DataObject(const Signal& signal, std::optional<int64_t> emitted_at_ms) {
  Json tests = Json::array();
  for (const SignalTest& test : signal.tests) tests.push_back(RenderTest(test));
  Json data = Json::object();
  constexpr size_t kMembers = 40;  // at least as many as follow
  data.get_ref<Json::object_t&>().reserve(kMembers);
  data["schema_version"] = kSchemaVersion;
  data["brand_id"] = signal.brand_id;
  data["brand_name"] = signal.brand_name;
  data["incident_id"] = Text(signal.incident_id);
  data["sequence"] = signal.sequence;
  data["summary"] = signal.summary;
  data["status"] = SignalStatusName(signal.status);
  data["message"] = SignalMessageName(signal.message);
  data["kind"] = SignalKindName(signal.kind);
  data["state"] = signal.state == IncidentState::kQuiet ? Json(nullptr) : Json(IncidentStateName(signal.state));
  data["level"] = signal.level;
  data["previous_level"] = signal.previous_level;
  data["level_reasons"] = signal.level_reasons;
  data["missing_for_next_level"] = signal.missing_for_next_level;
  data["certainty"] = Number(signal.certainty);
  data["rule"] =
      Object({{"id", signal.rule.id}, {"version", signal.rule.version}, {"config_hash", Hex(signal.rule.config_hash)}});
  data["tests"] = std::move(tests);
  data["times"] = RenderTimes(signal, emitted_at_ms);
  data["volume"] = Object({{"mentions", signal.volume.mentions},
                           {"originals", signal.volume.originals},
                           {"reposts", signal.volume.reposts},
                           {"unique_authors", signal.volume.unique_authors},
                           {"negative_authors", signal.volume.negative_authors},
                           {"reach", signal.volume.reach}});
  data["velocity"] = RenderVelocity(signal.velocity);
  data["sentiment"] = RenderSentiment(signal.sentiment);
  data["course"] = RenderCourse(signal.course);
  data["spread"] = Object({{"networks", RenderNetworks(signal)},
                           {"languages", RenderNamed(signal.languages)},
                           {"countries", RenderNamed(signal.countries)}});
  data["coordination"] =
      Object({{"duplicate_text_share", Number(signal.coordination.duplicate_text_share)},
              {"near_duplicate_share", Number(signal.coordination.near_duplicate_share)},
              {"author_concentration", Number(signal.coordination.author_concentration)},
              {"new_account_share", Number(signal.coordination.new_account_share)},
              {"negative_ratio_without_suspects", Number(signal.coordination.negative_ratio_without_suspects)}});
  data["evidence"] = RenderEvidence(signal.evidence);
  data["type"] = Object(
      {{"name", signal.type.name}, {"confidence", Number(signal.type.confidence)}, {"terms", signal.type.terms}});
  data["wording"] = Object({{"posts", signal.wording.posts},
                            {"anger_share", Number(signal.wording.anger_share)},
                            {"responsibility_share", Number(signal.wording.responsibility_share)},
                            {"call_to_action_share", Number(signal.wording.call_to_action_share)},
                            {"first_person_share", Number(signal.wording.first_person_share)}});
  data["response"] = Object({{"first_official_post", Text(signal.response.first_official_post)},
                             {"minutes_to_respond", Number(signal.response.minutes_to_respond)},
                             {"official_posts", signal.response.official_posts}});
  data["matching"] = Object({{"reasons", RenderReasons(signal.matching.reasons)},
                             {"ambiguous_share", Number(signal.matching.ambiguous_share)}});
  data["sector"] = Object({{"name", Text(signal.sector.name)},
                           {"brands", Integer(signal.sector.brands)},
                           {"ratio", Number(signal.sector.ratio)},
                           {"negative_shift", Number(signal.sector.negative_shift)}});
  data["handling"] = RenderHandling(signal.handling);
  data["quality"] = RenderQuality(signal, emitted_at_ms);
  data["route"] = RenderRoute(signal.route);
  return data;
}

std::string SourceOf(const Signal& signal) { return "/tocsin/" + signal.deployment; }

}  // namespace

std::string_view SignalStatusName(SignalStatus status) {
  switch (status) {
    case SignalStatus::kActual:
      return "actual";
    case SignalStatus::kExercise:
      return "exercise";
    case SignalStatus::kTest:
      return "test";
  }
  return "actual";
}

std::string_view SignalMessageName(SignalMessage message) {
  switch (message) {
    case SignalMessage::kAlert:
      return "alert";
    case SignalMessage::kUpdate:
      return "update";
    case SignalMessage::kResolve:
      return "resolve";
    case SignalMessage::kNotice:
      return "notice";
  }
  return "notice";
}

std::string_view SignalKindName(SignalKind kind) {
  switch (kind) {
    case SignalKind::kCrisis:
      return "crisis";
    case SignalKind::kSurge:
      return "surge";
    case SignalKind::kFeedHealth:
      return "feed_health";
  }
  return "crisis";
}

std::string_view IncidentStateName(IncidentState state) {
  switch (state) {
    case IncidentState::kQuiet:
      return "quiet";
    case IncidentState::kProvisional:
      return "provisional";
    case IncidentState::kConfirmed:
      return "confirmed";
    case IncidentState::kEasing:
      return "easing";
    case IncidentState::kResolved:
      return "resolved";
  }
  return "quiet";
}

std::string_view SentimentName(SentimentClass sentiment) {
  switch (sentiment) {
    case SentimentClass::kNegative:
      return "negative";
    case SentimentClass::kNeutral:
      return "neutral";
    case SentimentClass::kPositive:
      return "positive";
    case SentimentClass::kUnclassified:
      return "unclassified";
  }
  return "unclassified";
}

std::string FormatEventTime(int64_t epoch_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(epoch_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto ms = static_cast<int>(clock.subseconds().count());
  char text[64];
  const int size = std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  std::string result(text, static_cast<size_t>(size));
  if (ms != 0) {
    std::snprintf(text, sizeof(text), ".%03d", ms);
    result += text;
  }
  return result + "Z";
}

std::string IncidentId(std::string_view brand_id, int64_t onset_ms) {
  std::string id(brand_id);
  id += '-';
  const int64_t seconds_ms = onset_ms - ((onset_ms % 1000) + 1000) % 1000;
  for (const char c : FormatEventTime(seconds_ms)) {
    if (c != '-' && c != ':') id += c;
  }
  return id;
}

std::string SignalId(const Signal& signal) {
  std::string identity;
  ByteWriter writer(&identity);
  writer.String(signal.deployment);
  writer.String(signal.brand_id);
  writer.String(signal.incident_id);
  writer.Byte(static_cast<uint8_t>(signal.status));
  writer.Byte(static_cast<uint8_t>(signal.kind));
  writer.Byte(static_cast<uint8_t>(signal.message));
  writer.Signed(signal.sequence);
  writer.Signed(signal.times.window_end_ms);
  return Hex(Hash64(identity)) + Hex(Hash64(identity, kHashSeed + 1));
}

std::string RenderSignalData(const Signal& signal, std::optional<int64_t> emitted_at_ms) {
  return Dump(DataObject(signal, emitted_at_ms));
}

std::string RenderStructuredCloudEvent(const Signal& signal, std::optional<int64_t> emitted_at_ms) {
  Json event;
  event["specversion"] = "1.0";
  event["type"] = kSignalType;
  event["id"] = SignalId(signal);
  event["source"] = SourceOf(signal);
  event["subject"] = signal.brand_id;
  event["time"] = FormatEventTime(signal.times.window_end_ms);
  event["datacontenttype"] = "application/json";
  event["data"] = DataObject(signal, emitted_at_ms);
  return Dump(event);
}

std::vector<std::pair<std::string, std::string>> CloudEventHeaders(const Signal& signal) {
  return {{"ce_specversion", "1.0"},
          {"ce_id", SignalId(signal)},
          {"ce_type", std::string(kSignalType)},
          {"ce_source", SourceOf(signal)},
          {"ce_subject", signal.brand_id},
          {"ce_time", FormatEventTime(signal.times.window_end_ms)},
          {"content-type", "application/json"}};
}

std::string RenderPostCrisis(const Signal& signal) {
  const PostCrisis& record = *signal.post_crisis;
  Json timeline = Json::array();
  for (const LevelChange& change : record.timeline) {
    timeline.push_back(Object({{"at", FormatEventTime(change.at_ms)},
                               {"state", IncidentStateName(change.state)},
                               {"level", change.level},
                               {"escalated_to", Text(change.escalated_to)}}));
  }
  Json posts = Json::array();
  if (signal.evidence.first_post) posts.push_back(RenderPost(*signal.evidence.first_post));
  if (signal.evidence.first_high_reach_post) posts.push_back(RenderPost(*signal.evidence.first_high_reach_post));
  for (const SignalPost& sample : signal.evidence.samples) posts.push_back(RenderPost(sample));
  Json json;
  json["schema_version"] = kSchemaVersion;
  json["type"] = kPostCrisisType;
  json["incident_id"] = signal.incident_id;
  json["brand_id"] = signal.brand_id;
  json["brand_name"] = signal.brand_name;
  json["onset"] = Time(signal.times.onset_ms);
  json["first_signal"] = FormatEventTime(record.first_signal_ms);
  json["confirmed"] = FormatEventTime(record.confirmed_ms);
  json["peak"] = FormatEventTime(record.peak_ms);
  json["resolved"] = FormatEventTime(record.resolved_ms);
  json["peak_per_minute"] = Number(signal.course.peak_per_minute);
  json["time_to_50pct_s"] = Integer(signal.course.time_to_50pct_s);
  json["time_to_10pct_s"] = Integer(signal.course.time_to_10pct_s);
  json["negative_area"] = Integer(signal.course.negative_area);
  json["highest_level"] = record.highest_level;
  json["mentions"] = record.mentions;
  json["negative"] = record.negative;
  json["unique_authors"] = record.unique_authors;
  json["unique_authors_capped"] = record.unique_authors_capped;
  json["networks"] = RenderNetworks(signal);
  json["languages"] = RenderNamed(signal.languages);
  json["posts"] = std::move(posts);
  json["response"] = Object({{"first_official_post", Text(signal.response.first_official_post)},
                             {"minutes_to_respond", Number(signal.response.minutes_to_respond)},
                             {"official_posts", signal.response.official_posts}});
  json["ended"] = RenderHandled(signal.handling.ended);
  json["acknowledgements"] = RenderHandled(record.actions);
  json["timeline"] = std::move(timeline);
  return Dump(json);
}

}  // namespace tocsin
