// Texts of real people whose sentiment is known, from tab-separated files.
//
// A line is `label TAB text`, with any columns in between, or `text TAB label TAB language`. Labels are 0, 1, 2 or
// negative, neutral, positive. In a text, "@user" stands for a name and "http" for a link.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "app/generate/scenario.h"

namespace tocsin {

// Thread-safe once filled.
class LabelledTexts {
 public:
  // Adds a file's texts, those of lines without a language as `language`. Returns NotFound if it can't be read;
  // InvalidArgument, naming file and line, for a line that is not as above or not UTF-8. Lines in a language that no
  // scenario has are passed over.
  absl::Status Add(const std::string& path, PostLanguage language);
  absl::Status AddText(std::string_view tsv, std::string_view path, PostLanguage language);

  std::span<const std::string> Of(PostLanguage language, Mood mood) const {
    return texts_[static_cast<size_t>(language)][static_cast<size_t>(mood)];
  }

 private:
  std::array<std::array<std::vector<std::string>, kMoods>, kPostLanguages> texts_;
};

}  // namespace tocsin
