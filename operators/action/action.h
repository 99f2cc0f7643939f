// An action: what someone did about a brand or an incident, as a record of the actions topic. A wire format: one JSON
// object, docs/FORMATS.md, "Action".
//
// Ingest and detect read the same text with the same function, so the mentions log carries the record as it came.
// Plain values and pure functions: thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "operators/parse/post.h"

namespace tocsin {

// Values are part of snapshots: never renumber.
enum class ActionKind : uint8_t {
  kAcknowledge = 0,
  kSilence = 1,
  kFalseAlarm = 2,
  kDrill = 3,
  kClose = 4,
  kNote = 5,
};
inline constexpr size_t kActionKinds = 6;
std::string_view ActionName(ActionKind kind);  // "ack", "silence", "false_alarm", "drill", "close", "note"

// Why an action can't be used. Part of the dead letters' headers through ActionErrorName.
enum class ActionError : uint8_t {
  kNone = 0,
  kEmpty,
  kTooLarge,
  kNotJson,
  kMissingField,
  kWrongType,  // or a value out of its range
  kUnknownAction,
  kAbsurdTime,  // more than a minute ahead of the log's own time stamp
  kUnknownBrand,
  // Told by detect, which alone knows the incidents.
  kUnknownIncident,
  kNotOpen,      // the incident is over, or the brand has none
  kDrillIsOn,    // a second drill of the brand
  kNotForDrill,  // silence and false alarm are about what is real
  kTooLate,      // what it asked for was over when it came
};
std::string_view ActionErrorName(ActionError error);  // "unknown_brand"

inline constexpr size_t kMaxActionBytes = size_t{16} << 10;
inline constexpr size_t kMaxActionNoteBytes = 2'000;
inline constexpr int64_t kMaxSilenceMs = 30LL * 24 * 3'600'000;
inline constexpr int64_t kMaxDrillMs = 24LL * 3'600'000;

struct Action {
  ActionKind kind = ActionKind::kNote;
  std::string brand_id;
  std::string incident_id;  // empty: what the brand has open
  std::string by;
  std::string note;
  int64_t at_ms = 0;
  int64_t for_ms = 0;  // of silence and drill, positive
  int32_t level = 0;   // of drill, 1 to 5

  friend bool operator==(const Action&, const Action&) = default;
};

// Reads `json` into `*action`. `append_time_ms`: when the log took it; below 0: not known, so not held against `at`.
// `*field` becomes the field that the error is about, empty if it is about none; it points to static text.
ActionError ParseAction(std::string_view json, int64_t append_time_ms, Action* action, std::string_view* field);

// The record as the commands write it, on one line.
std::string RenderAction(const Action& action);

}  // namespace tocsin
