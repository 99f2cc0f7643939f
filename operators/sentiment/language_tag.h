// Reads the language a post claims for itself.
#pragma once

#include <array>
#include <string_view>

namespace tocsin {

struct LanguageTag {
  enum class Kind {
    kNamed,    // `code` says which
    kUnnamed,  // names no language: empty, undetermined, multiple, private use, malformed
    kForeign,  // names a language that has no two-letter code known here
  };
  Kind kind = Kind::kUnnamed;
  std::array<char, 2> code{};  // lower case, set if kNamed
};

// Reads the primary subtag of a BCP-47 tag, in any case, up to the first '-' or
// '_'. Three-letter codes of the languages that models exist for (ISO 639-2, both
// forms) become their two-letter codes.
[[nodiscard]] LanguageTag ReadLanguageTag(std::string_view tag);

}  // namespace tocsin
