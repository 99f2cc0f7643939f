// A crisis signal: what the detector publishes, field by field as in the JSON contract, and how it is rendered.
//
// Every number in a signal is either an integer or rounded to four decimals before any decision is taken on it, so that
// a reader recomputes each entry of `tests` from the JSON alone (docs/DETECTION.md). The JSON Schemas are in
// deploy/schemas. Plain values and pure functions: thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/log/log.h"
#include "operators/action/action.h"
#include "operators/parse/post.h"
#include "operators/sentiment/ratio_calibration.h"
#include "operators/sentiment/sentiment.h"

namespace tocsin {

enum class SignalStatus : uint8_t { kActual = 0, kExercise = 1, kTest = 2 };
enum class SignalMessage : uint8_t { kAlert = 0, kUpdate = 1, kResolve = 2, kNotice = 3 };
enum class SignalKind : uint8_t { kCrisis = 0, kSurge = 1, kFeedHealth = 2 };
// kQuiet is rendered as null: a notice belongs to no incident.
enum class IncidentState : uint8_t { kQuiet = 0, kProvisional = 1, kConfirmed = 2, kEasing = 3, kResolved = 4 };

std::string_view SignalStatusName(SignalStatus status);
std::string_view SignalMessageName(SignalMessage message);
std::string_view SignalKindName(SignalKind kind);
std::string_view IncidentStateName(IncidentState state);   // "quiet", "provisional", ...
std::string_view SentimentName(SentimentClass sentiment);  // "negative", ..., "unclassified"

// One statistical decision. The fields hold the very values that were compared: passed == (observed >= threshold), or
// (observed < threshold) where `below` is set; how observed and threshold follow from the others: docs/DETECTION.md.
struct SignalTest {
  std::string name;
  int64_t window_s = 0;
  double observed = 0;
  std::optional<int64_t> count;  // numerator: mentions, or negatives
  std::optional<double> expected;
  std::optional<double> dispersion;      // variance / mean of the model
  std::optional<double> baseline_share;  // q0
  std::optional<int64_t> trials;         // n of a share
  std::optional<int64_t> one_in;         // the threshold's probability is 1 / one_in
  double threshold = 0;
  bool below = false;
  bool passed = false;

  friend bool operator==(const SignalTest&, const SignalTest&) = default;
};

struct NetworkSpread {
  Network network = Network::kOther;
  int64_t mentions = 0;
  int64_t first_seen_ms = 0;

  friend bool operator==(const NetworkSpread&, const NetworkSpread&) = default;
};

struct CountedName {
  std::string name;
  int64_t mentions = 0;

  friend bool operator==(const CountedName&, const CountedName&) = default;
};

// A post named as evidence. Texts are empty (rendered null) where they did not travel, or are not held any more.
struct SignalPost {
  std::string id;  // the network's own id; empty: only the hash is known
  uint64_t post_hash = 0;
  uint64_t author_hash = 0;
  Network network = Network::kOther;
  int64_t event_time_ms = 0;
  PostKind kind = PostKind::kOriginal;
  SentimentClass sentiment = SentimentClass::kUnclassified;
  uint32_t reach = 0;
  std::string author_handle;
  std::string text;
  std::string why;
  TopicPartition source;
  Offset offset = 0;

  friend bool operator==(const SignalPost&, const SignalPost&) = default;
};

// A change of state or level; or that nobody had acknowledged the incident, so that who is next was called.
struct LevelChange {
  int64_t at_ms = 0;
  IncidentState state = IncidentState::kQuiet;
  int32_t level = 0;
  std::string escalated_to;  // empty (null): a change

  friend bool operator==(const LevelChange&, const LevelChange&) = default;
};

// An action that has taken effect.
struct HandledAction {
  ActionKind kind = ActionKind::kNote;
  std::string by;
  std::string note;      // empty (null): none
  int64_t at_ms = 0;     // as the record has it
  int64_t until_ms = 0;  // of a silence
  int32_t level = 0;     // of the incident when it took effect

  friend bool operator==(const HandledAction&, const HandledAction&) = default;
};

// Written once, when an incident that had been confirmed is resolved.
struct PostCrisis {
  int64_t first_signal_ms = 0;
  int64_t confirmed_ms = 0;
  int64_t resolved_ms = 0;
  int64_t peak_ms = 0;
  int32_t highest_level = 0;
  int64_t mentions = 0;  // since onset
  int64_t negative = 0;
  int64_t unique_authors = 0;
  bool unique_authors_capped = false;
  std::vector<LevelChange> timeline;
  std::vector<HandledAction> actions;

  friend bool operator==(const PostCrisis&, const PostCrisis&) = default;
};

struct Signal {
  std::string deployment;
  std::string brand_id;
  std::string brand_name;
  std::string incident_id;  // empty (null): a notice outside any incident
  int64_t sequence = 0;     // 1, 2, ... within the incident; notices count on their own
  std::string summary;
  SignalStatus status = SignalStatus::kActual;
  SignalMessage message = SignalMessage::kAlert;
  SignalKind kind = SignalKind::kCrisis;
  IncidentState state = IncidentState::kQuiet;
  int32_t level = 0;
  int32_t previous_level = 0;
  std::vector<std::string> level_reasons;
  std::vector<std::string> missing_for_next_level;
  std::optional<double> certainty;
  struct Rule {
    std::string id = "default";
    int32_t version = 1;
    uint64_t config_hash = 0;
    friend bool operator==(const Rule&, const Rule&) = default;
  } rule;
  std::vector<SignalTest> tests;

  struct Times {
    std::optional<int64_t> onset_ms;
    int64_t window_start_ms = 0;
    int64_t window_end_ms = 0;
    int64_t watermark_ms = 0;    // the event time that the decision needed, so the same under any batching
    int64_t detected_at_ms = 0;  // window end of the incident's first signal
    std::optional<int64_t> detection_delay_ms;  // from onset to that
    friend bool operator==(const Times&, const Times&) = default;
  } times;

  struct Volume {  // of [window_start, window_end)
    int64_t mentions = 0;
    int64_t originals = 0;
    int64_t reposts = 0;
    int64_t unique_authors = 0;
    int64_t negative_authors = 0;
    int64_t reach = 0;
    friend bool operator==(const Volume&, const Volume&) = default;
  } volume;

  struct Velocity {
    double per_minute = 0;
    std::optional<double> expected;
    std::optional<double> dispersion;
    std::optional<double> ratio;
    std::optional<double> score;
    std::optional<double> threshold;
    std::optional<double> acceleration;
    std::optional<double> doubling_time_s;
    friend bool operator==(const Velocity&, const Velocity&) = default;
  } velocity;

  struct Sentiment {  // of [window_start, window_end)
    int64_t negative = 0;
    int64_t neutral = 0;
    int64_t positive = 0;
    int64_t unclassified = 0;
    // Of the classified ones: by stars, negative by stars, and the levels of negativity of the others added up.
    int64_t rated = 0;
    int64_t rated_negative = 0;
    int64_t negativity = 0;
    RatioCalibration calibration;
    std::optional<double> negative_ratio;
    std::optional<double> corrected;
    std::optional<double> low;
    std::optional<double> high;
    std::optional<double> baseline;
    std::optional<double> classified_share;
    friend bool operator==(const Sentiment&, const Sentiment&) = default;
  } sentiment;

  struct Course {  // since onset
    std::optional<int64_t> persistence_s;
    std::optional<double> peak_per_minute;
    std::optional<int64_t> time_to_peak_s;
    std::optional<int64_t> time_to_50pct_s;
    std::optional<int64_t> time_to_10pct_s;
    std::optional<int64_t> negative_area;
    friend bool operator==(const Course&, const Course&) = default;
  } course;

  std::vector<NetworkSpread> networks;  // in order of first seen
  std::vector<CountedName> languages;   // most mentions first
  std::vector<CountedName> countries;

  struct Coordination {
    std::optional<double> duplicate_text_share;  // exact copies among originals
    std::optional<double> near_duplicate_share;  // copies with small changes too, among sampled negative originals
    std::optional<double> author_concentration;
    std::optional<double> new_account_share;
    std::optional<double> negative_ratio_without_suspects;
    friend bool operator==(const Coordination&, const Coordination&) = default;
  } coordination;

  struct Evidence {
    std::vector<CountedName> top_terms;
    std::vector<CountedName> top_hashtags;
    std::vector<CountedName> top_urls;
    std::vector<CountedName> top_authors;
    std::optional<SignalPost> first_post;
    std::optional<SignalPost> first_high_reach_post;
    std::vector<SignalPost> samples;
    friend bool operator==(const Evidence&, const Evidence&) = default;
  } evidence;

  struct Type {
    std::string name = "unknown";
    double confidence = 0;
    std::vector<std::string> terms;
    friend bool operator==(const Type&, const Type&) = default;
  } type;

  // How the negative originals, replies and quotes of the window speak (docs/DETECTION.md, "Evidence").
  struct Wording {
    int64_t posts = 0;                  // their number
    std::optional<double> anger_share;  // of them; null, as what follows: none
    std::optional<double> responsibility_share;
    std::optional<double> call_to_action_share;
    std::optional<double> first_person_share;  // of those in a language that has words for it
    friend bool operator==(const Wording&, const Wording&) = default;
  } wording;

  struct Response {
    std::string first_official_post;  // empty: none
    std::optional<double> minutes_to_respond;
    int64_t official_posts = 0;
    friend bool operator==(const Response&, const Response&) = default;
  } response;

  struct Matching {
    std::vector<CountedName> reasons;
    std::optional<double> ambiguous_share;
    friend bool operator==(const Matching&, const Matching&) = default;
  } matching;

  struct Sector {
    std::string name;                      // empty: none
    std::optional<int64_t> brands;         // others that were looked at; null, as what follows: too few
    std::optional<double> ratio;           // what more than half of them reach of V in ten minutes
    std::optional<double> negative_shift;  // likewise of the negative share since onset, over each one's baseline
    friend bool operator==(const Sector&, const Sector&) = default;
  } sector;

  struct Quality {
    bool baseline_ready = false;
    int32_t sources_complete = 0;
    int32_t sources = 0;
    int64_t late_dropped = 0;
    int64_t gaps = 0;
    bool stale = false;
    friend bool operator==(const Quality&, const Quality&) = default;
  } quality;

  struct RouteInfo {  // empty strings are rendered null
    std::string owner;
    std::string channel;
    std::string playbook_url;
    std::string dashboard_url;
    std::optional<int64_t> next_update_by_ms;
    std::string next;
    bool calls_next = false;                 // this very signal is for `next`, since nobody has acknowledged
    std::optional<int64_t> escalate_by_ms;   // when `next` is called, unless someone acknowledges before
    std::optional<int64_t> escalated_at_ms;  // when `next` was called, since the last acknowledgement
    friend bool operator==(const RouteInfo&, const RouteInfo&) = default;
  } route;

  struct Handling {                             // what people did about the incident
    std::optional<HandledAction> acknowledged;  // in force: the level has not risen since
    std::optional<HandledAction> silenced;      // in force
    std::optional<HandledAction> ended;         // what ended it, if not the course of things
    std::vector<HandledAction> actions;         // the last ones, in order
    friend bool operator==(const Handling&, const Handling&) = default;
  } handling;

  // Present on the resolving signal of an incident that had been confirmed; goes to its own topic, not into `data`.
  std::optional<PostCrisis> post_crisis;

  friend bool operator==(const Signal&, const Signal&) = default;
};

inline constexpr std::string_view kSignalType = "tocsin.signal.v1";
inline constexpr std::string_view kPostCrisisType = "tocsin.post-crisis.v1";

// "2026-11-20T10:00:00Z", with milliseconds only where there are any. Valid for the years 0000 to 9999.
std::string FormatEventTime(int64_t epoch_ms);

// "united-20261120T100000Z".
std::string IncidentId(std::string_view brand_id, int64_t onset_ms);

// 32 hexadecimal digits: the same decision always has the same id, and no two decisions share one. Hash of deployment,
// brand, incident, kind, message, sequence and window end.
std::string SignalId(const Signal& signal);

// The `data` object on one line: stable key order, four decimals, null where unknown, always valid UTF-8 (bad bytes
// become U+FFFD). `emitted_at_ms` is wall clock; without it (replay) `emitted_at` and `lag_ms` are null.
std::string RenderSignalData(const Signal& signal, std::optional<int64_t> emitted_at_ms);

// One structured CloudEvent on one line, data embedded, no line end.
std::string RenderStructuredCloudEvent(const Signal& signal, std::optional<int64_t> emitted_at_ms);

// Headers of CloudEvents' binary content mode for Kafka; the value of the record is RenderSignalData.
std::vector<std::pair<std::string, std::string>> CloudEventHeaders(const Signal& signal);

// The record of topic tocsin.post-crisis, keyed by incident. REQUIRES: signal.post_crisis.
std::string RenderPostCrisis(const Signal& signal);

// The record of topic tocsin.incidents, keyed by incident: the structured CloudEvent of the last signal.
inline std::string RenderIncident(const Signal& signal, std::optional<int64_t> emitted_at_ms) {
  return RenderStructuredCloudEvent(signal, emitted_at_ms);
}

}  // namespace tocsin
