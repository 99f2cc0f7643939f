#include "app/generate/labelled_texts.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "app/files/read_file.h"
#include "simdjson.h"

namespace tocsin {
namespace {

std::optional<Mood> MoodFromLabel(std::string_view label) {
  if (label == "0" || label == "negative") return Mood::kNegative;
  if (label == "1" || label == "neutral") return Mood::kNeutral;
  if (label == "2" || label == "positive") return Mood::kPositive;
  return std::nullopt;
}

}  // namespace

absl::Status LabelledTexts::Add(const std::string& path, PostLanguage language) {
  const std::optional<std::string> tsv = ReadWholeFile(path);
  if (!tsv.has_value()) return absl::NotFoundError(absl::StrCat("can't read; file=", path));
  return AddText(*tsv, path, language);
}

absl::Status LabelledTexts::AddText(std::string_view tsv, std::string_view path, PostLanguage language) {
  int64_t number = 0;
  for (std::string_view line : absl::StrSplit(tsv, '\n')) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const std::vector<std::string_view> columns = absl::StrSplit(line, '\t');
    const auto complain = [&](std::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", what));
    };
    if (columns.size() < 2) return complain("must be: label TAB text, or: text TAB label TAB language");
    std::optional<Mood> mood = MoodFromLabel(columns[0]);
    std::string_view text = columns.back();
    std::optional<PostLanguage> spoken = language;
    if (!mood.has_value() && columns.size() == 3) {
      mood = MoodFromLabel(columns[1]);
      text = columns[0];
      spoken = LanguageFromTag(columns[2]);
    }
    if (!mood.has_value()) return complain("no label; known are 0, 1, 2, negative, neutral, positive");
    if (!simdjson::validate_utf8(text.data(), text.size())) return complain("the text is not UTF-8");
    if (text.empty() || !spoken.has_value()) continue;
    texts_[static_cast<size_t>(*spoken)][static_cast<size_t>(*mood)].emplace_back(text);
  }
  return absl::OkStatus();
}

}  // namespace tocsin
