// Turns a record of the firehose into a Post, or says why it cannot.
//
// The rules that decide (docs/INPUT.md has them in full):
// - id, event time and text are required, all else is optional. Of a field's pointers the first decides whose value is
//   there and not null; for an optional field also whose type fits. A wrong type of a required field drops the record,
//   of an optional one only the field.
// - The whole record is checked for UTF-8, open strings, balanced brackets, depth, and that it is one object with
// nothing
//   after it. Values that are read are checked in full. Literals, numbers and escapes of values that nobody maps are
//   not.
// - A field that is neither needed nor mapped costs a look at its key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
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
  // negative if unknown. After any result but kNone `*post` is unspecified.
  DropReason Parse(std::string_view record, size_t readable_padding, int64_t append_time_ms, Post* post);

  // The field that the last record was dropped for; empty if it was not for a field.
  std::string_view culprit() const { return culprit_; }

 private:
  JsonToken TokenAt(uint32_t position) const;
  // First value that is there and not null.
  JsonToken FirstOf(PostField field) const;

  std::optional<std::string_view> WithoutEscapes(std::string_view raw);
  std::optional<std::string_view> String(const JsonToken& token);
  std::optional<std::string_view> Identifier(const JsonToken& token);
  std::string_view Digits(const JsonToken& token);
  std::optional<int64_t> Time(const JsonToken& token);

  DropReason Required(int64_t append_time_ms, Post* post);
  DropReason Blame(DropReason reason, PostField field);
  void Optional(Post* post);
  // Gives `read` the field's values in order of preference until it returns true.
  template <typename Read>
  void FirstUsable(PostField field, Read read);
  void FirstString(PostField field, std::string_view* text);
  void FirstIdentifier(PostField field, std::string_view* id);
  bool Reference(PostField field, Post* post);
  void Kind(Post* post);
  void List(PostField field, std::vector<std::string_view>* list);
  void ListEntry(uint32_t position, char sigil, std::vector<std::string_view>* list);

  const std::shared_ptr<const Mapping> mapping_;
  const PostParserOptions options_;
  JsonIndex index_;
  RecordScan scan_;
  std::vector<char> scratch_;  // strings without their escapes
  size_t scratch_used_ = 0;
  std::vector<std::string_view> hashtags_, handles_, urls_;
  bool malformed_ = false;  // a value that was read is not JSON
  std::string_view culprit_;
};

}  // namespace tocsin
