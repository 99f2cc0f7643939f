// A word or phrase of the user's own lists in a watchlist: `lexicon` and `types`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "operators/match/tokenizer.h"
#include "operators/match/watchlist_yaml.h"
#include "yaml-cpp/yaml.h"

namespace tocsin {

inline constexpr size_t kMaxUserTerms = 10'000;  // of a list
inline constexpr size_t kMaxUserTermTokens = 8;

struct UserTerm {
  std::vector<uint64_t> hashes;  // of its tokens, as they follow each other in a text
  std::string text;              // canonical: the folded tokens with their signs
  std::string language;          // two small letters: counts only in posts that are in it. Empty: in all
};

// As Mention::language: first letter * 256 + second; 0 for what is no pair of letters.
uint16_t LanguageNumber(std::string_view code);

// Reads the groups {terms, lang, ...} of a list that is called `list` in the watchlist. What is wrong goes to the
// errors, with its place. Not thread-safe.
class UserTermReader {
 public:
  UserTermReader(std::string_view list, YamlErrors* errors) : list_(list), errors_(*errors) {}

  // Calls `add` with each of the group's terms and where it stands.
  void ReadGroup(const YamlMapping& group, absl::FunctionRef<void(const YAML::Mark&, UserTerm)> add);

 private:
  std::optional<UserTerm> Read(const YAML::Node& node);

  std::string list_;
  YamlErrors& errors_;
  Tokenizer tokenizer_;
};

}  // namespace tocsin
