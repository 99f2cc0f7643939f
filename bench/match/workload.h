// Queries of the kinds that users write and posts of some 140 characters: what matchers are compared on.
//
// The queries' words come from the posts' own vocabulary, whose words fall in frequency with their rank as they do in
// texts; 30 % of the posts match a query. Posts are lower-case ASCII words, @ and # terms between single spaces, so
// that matchers that know no Unicode can take part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::bench {

// A brand's names and the query made of them, as plain data.
struct Case {
  enum class Kind : uint8_t { kNames, kExcept, kNear, kTogether };

  std::string name;    // two words
  std::string handle;  // also its hashtag
  std::string context;
  Kind kind = Kind::kNames;

  std::string Query() const;
};

inline constexpr std::string_view kNearWord = "flight";  // beside the context, in queries of kNear
inline constexpr size_t kNearDistance = 5;

struct Workload {
  std::vector<Case> cases;
  std::vector<std::string> posts;
};

// The same for the same arguments.
Workload MakeWorkload(size_t queries, size_t posts);

std::vector<std::string_view> WordsOf(std::string_view post);

// Whether a word of kNearWord or the context is at most kNearDistance from the handle as a word.
bool HasNear(const Case& entry, const std::vector<std::string_view>& words);

// What the query says, by searching for strings in the words and in the post with a space at either end.
bool Matches(const Case& entry, const std::string& spaced, const std::vector<std::string_view>& words);

}  // namespace tocsin::bench
