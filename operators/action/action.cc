#include "operators/action/action.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "operators/parse/event_time.h"

namespace tocsin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kActionKinds> kNames = {"ack",   "silence", "false_alarm",
                                                               "drill", "close",   "note"};
constexpr std::array<std::string_view, static_cast<size_t>(ActionError::kTooLate) + 1> kErrorNames = {
    "none",
    "empty",
    "too_large",
    "not_json",
    "missing_field",
    "wrong_type",
    "unknown_action",
    "absurd_time",
    "unknown_brand",
    "unknown_incident",
    "incident_not_open",
    "drill_is_on",
    "not_for_a_drill",
    "too_late"};
constexpr size_t kMaxNameBytes = 200;
constexpr int64_t kAheadMs = 60'000;
constexpr int64_t kDrillMs = 1'800'000;
constexpr int64_t kDrillLevel = 3;
constexpr int64_t kLevels = 5;

// What of a record is wrong, while its fields are read one by one.
class Fields {
 public:
  Fields(const Json& json, std::string_view* field) : json_(json), field_(field) {}

  ActionError error() const { return error_; }

  // An empty text counts as missing.
  std::string Text(const char* name, size_t max_bytes, bool required) {
    const Json* value = Find(name);
    if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty())) {
      if (required) Fail(ActionError::kMissingField, name);
      return {};
    }
    if (!value->is_string() || value->get_ref<const std::string&>().size() > max_bytes) {
      Fail(ActionError::kWrongType, name);
      return {};
    }
    return value->get<std::string>();
  }

  // In [least, most]; `otherwise` if absent, unless that is below `least`.
  int64_t Integer(const char* name, int64_t least, int64_t most, int64_t otherwise) {
    const Json* value = Find(name);
    if (value == nullptr) {
      if (otherwise < least) Fail(ActionError::kMissingField, name);
      return otherwise;
    }
    const bool is_huge = value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
    if (!value->is_number_integer() || is_huge || value->get<int64_t>() < least || value->get<int64_t>() > most) {
      Fail(ActionError::kWrongType, name);
      return least;
    }
    return value->get<int64_t>();
  }

  int64_t Time(const char* name) {
    const Json* value = Find(name);
    if (value == nullptr) {
      Fail(ActionError::kMissingField, name);
      return 0;
    }
    const std::optional<int64_t> time = value->is_string() ? ParseEventTime(value->get_ref<const std::string&>())
                                        : value->is_number_integer() ? ParseEventTime(value->dump())
                                                                     : std::nullopt;
    if (!time.has_value()) Fail(ActionError::kWrongType, name);
    return time.value_or(0);
  }

  // The first error counts. REQUIRES: `name` is static.
  void Fail(ActionError error, const char* name) {
    if (error_ != ActionError::kNone) return;
    error_ = error;
    *field_ = name;
  }

 private:
  const Json* Find(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

  const Json& json_;
  std::string_view* const field_;
  ActionError error_ = ActionError::kNone;
};

}  // namespace

std::string_view ActionName(ActionKind kind) { return kNames[static_cast<size_t>(kind)]; }

std::string_view ActionErrorName(ActionError error) { return kErrorNames[static_cast<size_t>(error)]; }

ActionError ParseAction(std::string_view json, int64_t append_time_ms, Action* action, std::string_view* field) {
  *field = {};
  if (json.empty()) return ActionError::kEmpty;
  if (json.size() > kMaxActionBytes) return ActionError::kTooLarge;
  const Json object = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return ActionError::kNotJson;
  Fields fields(object, field);
  const std::string name = fields.Text("action", kMaxNameBytes, true);
  if (fields.error() != ActionError::kNone) return fields.error();
  const auto kind = std::find(kNames.begin(), kNames.end(), name);
  if (kind == kNames.end()) {
    *field = "action";
    return ActionError::kUnknownAction;
  }
  Action read;
  read.kind = static_cast<ActionKind>(kind - kNames.begin());
  read.brand_id = fields.Text("brand_id", kMaxNameBytes, true);
  read.incident_id = fields.Text("incident_id", kMaxNameBytes, false);
  read.by = fields.Text("by", kMaxNameBytes, true);
  read.note = fields.Text("note", kMaxActionNoteBytes, read.kind == ActionKind::kNote);
  read.at_ms = fields.Time("at");
  if (read.kind == ActionKind::kSilence) read.for_ms = 1'000 * fields.Integer("for_s", 1, kMaxSilenceMs / 1'000, 0);
  if (read.kind == ActionKind::kDrill) {
    read.for_ms = 1'000 * fields.Integer("for_s", 1, kMaxDrillMs / 1'000, kDrillMs / 1'000);
    read.level = static_cast<int32_t>(fields.Integer("level", 1, kLevels, kDrillLevel));
    if (!read.incident_id.empty()) fields.Fail(ActionError::kWrongType, "incident_id");
  }
  if (append_time_ms >= 0 && read.at_ms > append_time_ms + kAheadMs) fields.Fail(ActionError::kAbsurdTime, "at");
  if (fields.error() == ActionError::kNone) *action = std::move(read);
  return fields.error();
}

std::string RenderAction(const Action& action) {
  Json json;
  json["brand_id"] = action.brand_id;
  json["incident_id"] = action.incident_id.empty() ? Json(nullptr) : Json(action.incident_id);
  json["action"] = ActionName(action.kind);
  json["by"] = action.by;
  json["at"] = action.at_ms;
  if (!action.note.empty()) json["note"] = action.note;
  if (action.for_ms > 0) json["for_s"] = action.for_ms / 1'000;
  if (action.level > 0) json["level"] = action.level;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tocsin
