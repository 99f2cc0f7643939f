// Turns a record of the firehose into a Post, or says why it cannot.
//
// The rules that decide (docs/INPUT.md has them in full):
// - id, event time and text are required, all else is optional. Of a field's pointers the first decides whose value is
//   there and not null; for an optional field also whose type fits. A wrong type of a required field drops the record,
//   of an optional one only the field.
// - The whole record is checked for UTF-8, open strings, balanced brackets, depth, and that it is one object with
//   nothing after it. Values that are read are checked in full; literals, numbers and escapes of values that nobody
//   maps are not.
// - A field that is neither needed nor mapped costs a look at its key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "operators/parse/json_index.h"
#include "operators/parse/json_scalar.h"
#include "operators/parse/mapping.h"
#include "operators/parse/post.h"
#include "operators/parse/record_scan.h"

namespace tocsin {

struct PostParserOptions {
  size_t max_record_bytes = size_t{1} << 20;
  int max_depth = 64;
  bool schema_registry_prefix = false;  // skip a zero byte and four bytes of schema id before the JSON
};

// Event times outside [kEarliestEventMs, kLatestEventMs) are absurd, and so are those more than kMaxAheadMs after the
// append.
inline constexpr int64_t kEarliestEventMs = 946'684'800'000;  // 2000-01-01
inline constexpr int64_t kLatestEventMs = 4'102'444'800'000;  // 2100-01-01
inline constexpr int64_t kMaxAheadMs = 60'000;

// Not thread-safe: one per thread. Allocates nothing in steady state.
class PostParser {
 public:
  static constexpr size_t kMaxListed = 100;  // hashtags, handles, URLs of one post; more are passed over

  PostParser(std::shared_ptr<const Mapping> mapping, const PostParserOptions& options);

  // Reads one record into `*post`, whose views are valid until the next call and as long as `record` is.
  // `readable_padding`: how many bytes behind the record may be read; if fewer than JsonIndex::kPadding the record may
  // be copied (it is not on x86-64 and ARM64), so 0 is always right. `append_time_ms`: when the log took the record in,
  // negative if unknown. After kNotAPost only event_time_ms counts, kUnknownTime if the record has no sound one; after
  // any other result but kNone `*post` is unspecified.
  DropReason Parse(std::string_view record, size_t readable_padding, int64_t append_time_ms, Post* post);

  // The field that the last record was dropped for; empty if it was not for a field.
  std::string_view culprit() const { return culprit_; }

 private:
  JsonToken TokenAt(uint32_t position) const;
  // The value that an alternative leads to; null if it is not there.
  JsonToken Find(const Mapping::Alternative& alternative);
  // First value that is there and not null; null if there is none.
  JsonToken FirstOf(PostField field);

  // Recipes, in composed_values.cc.
  static constexpr uint32_t kUnresolved = UINT32_MAX - 1;
  bool Compose(const Mapping::Recipe& recipe, JsonToken* token);
  bool Concatenate(const Mapping::Recipe& recipe, JsonToken* token);
  bool ReadPart(const Mapping::Part& part, JsonToken* token);
  bool Filter(uint8_t filters, JsonToken* token);
  std::optional<uint32_t> Locate(const Mapping::Part& part);
  // Number of the element that a selector selects; RecordScan::kNoElement if there is none.
  uint32_t ElementOf(uint8_t selector);
  uint32_t FindElement(const Mapping::Selector& selector);
  bool Equals(uint32_t position, std::string_view text);
  bool ComposeList(const Mapping::Recipe& recipe, std::string_view text, char sigil,
                   std::vector<std::string_view>* list);
  void CollectLinks(JsonToken token, std::vector<std::string_view>* list);
  void Slice(uint32_t position, std::string_view text, char sigil, std::vector<std::string_view>* list);

  // What is done before a record is read as a post: conditions, then the envelope. kNone: go on.
  DropReason Preliminaries(int64_t append_time_ms, Post* post);
  DropReason Unwrap();

  OptionalText WithoutEscapes(std::string_view raw);
  OptionalText String(JsonToken token);
  OptionalText Identifier(JsonToken token);
  std::string_view Digits(JsonToken token);
  int64_t Time(JsonToken token);  // kUnknownTime if it is none
  void ResetScratch(size_t record_bytes);

  DropReason Required(int64_t append_time_ms, Post* post);
  DropReason Blame(DropReason reason, PostField field);
  void Optional(Post* post);
  // Gives `read` the field's values that are there and not null, in order of preference, until it returns true.
  template <typename Read>
  void FirstUsable(PostField field, Read read);
  void FirstString(PostField field, std::string_view* text);
  void FirstIdentifier(PostField field, std::string_view* id);
  std::string_view FirstNamedId(PostField field);  // the first that is not empty
  bool Reference(PostField field, Post* post);
  void Kind(Post* post);
  void List(PostField field, std::string_view text, std::vector<std::string_view>* list);
  void ListEntry(uint32_t position, char sigil, std::vector<std::string_view>* list);

  const std::shared_ptr<const Mapping> mapping_;
  const PostParserOptions options_;
  JsonIndex index_;
  RecordScan scan_;
  std::vector<char> scratch_;  // strings without their escapes
  size_t scratch_used_ = 0;
  std::array<uint32_t, Mapping::kMaxSelectors> elements_ = {};  // by selector, once it has been followed
  std::vector<char> unwrapped_;  // the record that stood in an envelope, with padding behind
  std::vector<std::string_view> hashtags_, handles_, urls_;
  bool malformed_ = false;  // a value that was read is not JSON
  std::string_view culprit_;
};

inline JsonToken PostParser::TokenAt(uint32_t position) const {
  const uint32_t* positions = index_.positions() + position;
  return ReadToken(index_.text() + positions[0], index_.text() + positions[1]);
}

inline OptionalText PostParser::String(JsonToken token) {
  if (token.type() == JsonType::kString) return HasEscape(token.text()) ? WithoutEscapes(token.text()) : token.text();
  if (token.type() == JsonType::kText) return token.text();
  malformed_ |= token.type() == JsonType::kInvalid;
  return std::nullopt;
}

}  // namespace tocsin
