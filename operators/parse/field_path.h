// The language in which a mapping says where a field stands: JSON Pointers (RFC 6901) and what they can't say.
//
//   /user/id                                     a JSON Pointer
//   /entities/hashtags/*/text                    of every element of an array (list fields only)
//   /includes/users/[id=$author_id]/username     of the first element whose member `id` is the post's author id
//   /referenced_tweets/[type=retweeted]/id       of the first element whose member `type` is `retweeted`
//   at://{/did}/{/commit/rkey}                   a template: text with values in it
//   {/title|entities} {/selftext|optional}       values through filters; white space at the ends is left out
// docs/INPUT.md has the exact rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "operators/parse/post_field.h"

namespace tocsin {

// What is done with a value in a template; bits of FieldPath::Part::filters.
enum PathFilter : uint8_t {
  kOptional = 1 << 0,    // the template stands without it
  kHtml = 1 << 1,        // HTML becomes text
  kEntities = 1 << 2,    // entities become characters
  kNotDeleted = 1 << 3,  // [deleted] and [removed] count as absent
  kLinks = 1 << 4,       // list fields: the addresses that HTML links to
  kSlice = 1 << 5,       // list fields: the part of the text from byteStart up to byteEnd
};
inline constexpr uint8_t kTextFilters = kHtml | kEntities | kNotDeleted;

struct PathToken {
  enum class Kind : uint8_t { kKey, kEveryElement, kSelected };
  Kind kind = Kind::kKey;
  std::string key;                 // of kKey the key, of kSelected the member that is compared
  std::string value;               // of kSelected: what it must be
  std::optional<PostField> field;  // of kSelected: the field of the post that it must equal, instead of `value`
};

struct FieldPath {
  static constexpr size_t kMaxTokens = 16;
  static constexpr size_t kMaxParts = 8;

  struct Part {
    std::string before;  // literal text
    std::vector<PathToken> tokens;
    uint8_t filters = 0;
  };
  std::vector<Part> parts;
  std::string after;         // literal text
  bool is_template = false;  // else one part and no literal text

  // InvalidArgument says what is wrong with `text` as a path of `field`.
  static absl::StatusOr<FieldPath> Parse(PostField field, std::string_view text);
};

}  // namespace tocsin
