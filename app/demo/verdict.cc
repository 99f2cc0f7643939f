#include "app/demo/verdict.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace tocsin {
namespace {

// Of one brand, in event time; nullopt: never.
struct BrandCourse {
  std::optional<int64_t> provisional_ms, confirmed_ms, resolved_ms;
  int64_t highest_level = 0;
  int surges = 0;
};

BrandCourse CourseOf(const std::string& brand, const std::vector<SeenSignal>& signals) {
  BrandCourse course;
  for (const SeenSignal& signal : signals) {
    if (signal.brand_id != brand) continue;
    if (signal.kind == "surge") ++course.surges;
    if (signal.kind != "crisis") continue;
    course.highest_level = std::max(course.highest_level, signal.level);
    if (!course.provisional_ms.has_value()) course.provisional_ms = signal.window_end_ms;
    if (signal.state == "confirmed" && !course.confirmed_ms.has_value()) course.confirmed_ms = signal.window_end_ms;
    if (signal.state == "resolved" && course.confirmed_ms.has_value()) course.resolved_ms = signal.window_end_ms;
  }
  return course;
}

std::string After(const std::optional<int64_t>& at_ms, int64_t onset_ms) {
  if (!at_ms.has_value()) return "never";
  return absl::StrFormat("%+.0f min", static_cast<double>(*at_ms - onset_ms) / 60'000);
}

const char* NameOf(ScenarioEvent::Kind kind) {
  switch (kind) {
    case ScenarioEvent::Kind::kCrisis:
      return "crisis";
    case ScenarioEvent::Kind::kSurge:
      return "positive surge";
    case ScenarioEvent::Kind::kSpam:
      return "spam flood";
    case ScenarioEvent::Kind::kCopied:
      return "copied text";
    case ScenarioEvent::Kind::kReposts:
      return "repost storm";
    case ScenarioEvent::Kind::kSectorRise:
      return "sector rise";
  }
  return "event";
}

// Adds a line about what was made of the event at one of its brands; false if it was taken for something else.
bool JudgeEvent(const Scenario& scenario, const ScenarioEvent& event, size_t brand,
                const std::vector<SeenSignal>& signals, std::vector<std::string>* lines) {
  const BrandCourse course = CourseOf(scenario.brands[brand].id, signals);
  const int64_t onset_ms = scenario.start_ms + event.onset_ms;
  bool right = false;
  std::string what;
  if (event.kind == ScenarioEvent::Kind::kCrisis) {
    right = course.confirmed_ms.has_value() && course.resolved_ms.has_value() && *course.provisional_ms >= onset_ms;
    what = absl::StrCat("first signal ", After(course.provisional_ms, onset_ms), " after onset, confirmed ",
                        After(course.confirmed_ms, onset_ms), ", highest level ", course.highest_level, ", resolved ",
                        After(course.resolved_ms, onset_ms));
  } else {
    right = !course.confirmed_ms.has_value();
    what = !right ? "called a crisis"
                  : absl::StrCat("rightly not called a crisis", course.surges > 0 ? ", noticed as a surge" : "",
                                 course.provisional_ms.has_value() ? ", on watch for a while" : "");
  }
  lines->push_back(absl::StrCat(right ? "  ok     " : "  WRONG  ", NameOf(event.kind), " of ",
                                scenario.brands[brand].name, ": ", what));
  return right;
}

}  // namespace

std::optional<SeenSignal> ReadSignal(std::string_view json) {
  const nlohmann::json data = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!data.is_object()) return std::nullopt;
  const auto text = [&data](const char* name) {
    const auto at = data.find(name);
    return at != data.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  SeenSignal signal;
  signal.brand_id = text("brand_id");
  signal.kind = text("kind");
  signal.state = text("state");
  signal.message = text("message");
  signal.summary = text("summary");
  if (data.contains("level") && data["level"].is_number_integer()) signal.level = data["level"].get<int64_t>();
  absl::Time end;
  std::string error;
  const auto times = data.find("times");
  if (times == data.end() || !times->contains("window_end") || !(*times)["window_end"].is_string() ||
      !absl::ParseTime(absl::RFC3339_full, (*times)["window_end"].get<std::string>(), &end, &error)) {
    return std::nullopt;
  }
  signal.window_end_ms = absl::ToUnixMillis(end);
  return signal;
}

Verdict Judge(const Scenario& scenario, const std::vector<SeenSignal>& signals) {
  Verdict verdict;
  verdict.as_scripted = true;
  std::vector<bool> scripted(scenario.brands.size(), false);
  for (const ScenarioEvent& event : scenario.events) {
    for (const size_t brand : event.brands) {
      scripted[brand] = true;
      const bool right = JudgeEvent(scenario, event, brand, signals, &verdict.lines);
      verdict.as_scripted &= right;
    }
  }
  size_t quiet = 0;
  size_t alarmed = 0;
  for (size_t i = 0; i < scenario.brands.size(); ++i) {
    if (scripted[i]) continue;
    const bool confirmed = CourseOf(scenario.brands[i].id, signals).confirmed_ms.has_value();
    (confirmed ? alarmed : quiet) += 1;
  }
  verdict.as_scripted &= alarmed == 0;
  verdict.lines.push_back(absl::StrCat(alarmed == 0 ? "  ok     " : "  WRONG  ", quiet, " quiet brands left alone, ",
                                       alarmed, " called a crisis"));
  return verdict;
}

}  // namespace tocsin
