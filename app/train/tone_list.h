// Reads the list of words whose tone is known beforehand (app/train/tone_words.txt, which describes its form).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "operators/sentiment/tone_words.h"

namespace tocsin {

// The words of one language as they stand in a tone section.
struct ToneList {
  std::vector<uint32_t> hashes;  // ascending
  std::vector<uint16_t> words;

  // Valid as long as the list.
  [[nodiscard]] ToneWords View() const;
};

// By language. Each word stands once, as it comes first, and also without accents. NotFound if the file can't be read,
// InvalidArgument with the line if a line has another form or holds what is no single word.
[[nodiscard]] absl::StatusOr<std::map<std::array<char, 2>, ToneList>> ReadToneLists(const std::string& path);

// All forms of "stem(a|b)": every choice of every group. Groups are not nested.
[[nodiscard]] std::vector<std::string> ExpandForms(std::string_view pattern);

// Without the accents of Latin letters in UTF-8 (U+00E0 to U+00FF, and the capitals).
[[nodiscard]] std::string WithoutAccents(std::string_view word);

}  // namespace tocsin
