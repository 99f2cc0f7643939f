#include "app/watch/signal_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace tocsin {
namespace {

using Json = nlohmann::json;

// What is at the keys, one below the other; null if anything on the way is missing.
Json At(const Json& data, std::initializer_list<const char*> keys) {
  const Json* at = &data;
  for (const char* key : keys) {
    if (!at->is_object() || !at->contains(key)) return nullptr;
    at = &(*at)[key];
  }
  return *at;
}

std::string TextAt(const Json& data, std::initializer_list<const char*> keys) {
  const Json value = At(data, keys);
  if (!value.is_string()) return "";
  std::string text = value.get<std::string>();
  // Texts come from posts: nothing in them may move the cursor or change the terminal.
  for (char& c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return text;
}

int64_t IntegerAt(const Json& data, std::initializer_list<const char*> keys) {
  const Json value = At(data, keys);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

std::optional<double> NumberAt(const Json& data, std::initializer_list<const char*> keys) {
  const Json value = At(data, keys);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::string Percent(double share) { return absl::StrFormat("%.0f %%", share * 100); }

std::string Heading(const Json& data, const SignalView& view) {
  std::string line = absl::StrCat(view.time.empty() ? "(no time)" : view.time, "  ", view.brand_id);
  if (const std::string name = TextAt(data, {"brand_name"}); !name.empty() && name != view.brand_id) {
    absl::StrAppend(&line, " (", name, ")");
  }
  const std::string kind = TextAt(data, {"kind"});
  const std::string state = TextAt(data, {"state"});
  absl::StrAppend(&line, "  level ", view.level);
  if (view.previous_level != view.level) absl::StrAppend(&line, " (was ", view.previous_level, ")");
  if (!state.empty()) absl::StrAppend(&line, "  ", state);
  absl::StrAppend(&line, "  ", TextAt(data, {"message"}), kind == "crisis" ? "" : absl::StrCat(", ", kind));
  const std::string status = TextAt(data, {"status"});
  if (!status.empty() && status != "actual") absl::StrAppend(&line, "  *** ", absl::AsciiStrToUpper(status), " ***");
  if (At(data, {"quality", "stale"}) == Json(true)) absl::StrAppend(&line, "  stale");
  return line;
}

std::string Counts(const Json& data) {
  std::vector<std::string> parts;
  if (const auto certainty = NumberAt(data, {"certainty"})) {
    parts.push_back(absl::StrFormat("certainty %.2f", *certainty));
  }
  if (At(data, {"volume", "mentions"}).is_number()) {
    parts.push_back(absl::StrCat(IntegerAt(data, {"volume", "mentions"}), " mentions by ",
                                 IntegerAt(data, {"volume", "unique_authors"}), " authors"));
  }
  if (At(data, {"sentiment", "negative"}).is_number()) {
    std::string text = absl::StrCat(IntegerAt(data, {"sentiment", "negative"}), " negative by ",
                                    IntegerAt(data, {"volume", "negative_authors"}), " authors");
    const auto ratio = NumberAt(data, {"sentiment", "negative_ratio"});
    const auto low = NumberAt(data, {"sentiment", "low"});
    const auto high = NumberAt(data, {"sentiment", "high"});
    if (ratio.has_value()) absl::StrAppend(&text, ", ", Percent(*ratio));
    if (ratio.has_value() && low.has_value() && high.has_value()) {
      absl::StrAppend(&text, " (", Percent(*low), " to ", Percent(*high), ")");
    }
    parts.push_back(text);
  }
  if (const auto velocity = NumberAt(data, {"velocity", "per_minute"})) {
    std::string text = absl::StrFormat("%.1f a minute", *velocity);
    if (const auto ratio = NumberAt(data, {"velocity", "ratio"})) absl::StrAppendFormat(&text, ", %.1fx", *ratio);
    parts.push_back(text);
  }
  return absl::StrJoin(parts, " | ");
}

std::string Whom(const Json& data) {
  std::vector<std::string> parts;
  if (const std::string incident = TextAt(data, {"incident_id"}); !incident.empty()) {
    parts.push_back(absl::StrCat("incident ", incident, " #", IntegerAt(data, {"sequence"})));
  }
  for (const char* key : {"owner", "channel", "playbook_url"}) {
    if (std::string text = TextAt(data, {"route", key}); !text.empty()) parts.push_back(std::move(text));
  }
  const std::string completeness = TextAt(data, {"quality", "completeness"});
  if (!completeness.empty()) parts.push_back(absl::StrCat("sources ", completeness));
  return absl::StrJoin(parts, " | ");
}

}  // namespace

std::optional<SignalView> ViewSignal(std::string_view json) {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return std::nullopt;
  const Json data = document.contains("data") ? document["data"] : document;
  SignalView view;
  view.brand_id = TextAt(data, {"brand_id"});
  if (view.brand_id.empty() || !At(data, {"level"}).is_number_integer()) return std::nullopt;
  view.json = std::string(json);
  view.time = TextAt(data, {"times", "window_end"});
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, view.time, &time, nullptr)) view.time_ms = absl::ToUnixMillis(time);
  view.level = IntegerAt(data, {"level"});
  view.previous_level = IntegerAt(data, {"previous_level"});
  view.text = absl::StrCat(Heading(data, view), "\n");
  for (const std::string& line : {TextAt(data, {"summary"}), Counts(data), Whom(data)}) {
    if (!line.empty()) absl::StrAppend(&view.text, "  ", line, "\n");
  }
  return view;
}

bool SignalFilter::Admits(const SignalView& view) const {
  if (std::max(view.level, view.previous_level) < least_level) return false;
  return brands.empty() || std::find(brands.begin(), brands.end(), view.brand_id) != brands.end();
}

}  // namespace tocsin
