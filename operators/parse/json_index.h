// Positions of the structural characters of a JSON record: simdjson's first stage, which On-Demand stands on too.
//
// Why not On-Demand itself: it neither limits the depth of what it passes over nor checks it, its treatment of lone
// surrogates differs between the versions that we support, and walking the positions directly is a fifth cheaper
// (docs/INPUT.md). Only this file's source includes simdjson.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "operators/parse/post.h"

namespace simdjson::internal {
class dom_parser_implementation;
}  // namespace simdjson::internal

namespace tocsin {

// Not thread-safe: one per thread. Keeps the memory that the largest record so far needed.
class JsonIndex {
 public:
  // Bytes behind a record that must be readable for it not to be copied.
  static const size_t kPadding;

  JsonIndex();
  ~JsonIndex();

  // Indexes `record`, of which `readable_padding` bytes behind its end may be read. Returns kNone, or kEmpty (nothing
  // but white space), kNotUtf8, kNotJson (an open string, a control character in one). When kNone: all of it is UTF-8,
  // every string is closed, and there is at least one position. REQUIRES: fewer than 2^32 - 64 bytes.
  DropReason Build(std::string_view record, size_t readable_padding);

  // The record itself, or a copy; the positions count from here.
  const char* text() const { return text_; }
  // Ascending positions of { } [ ] : , and of the first byte of each string and of each run of anything else that is
  // not white space. `positions()[size()]` is the record's size.
  const uint32_t* positions() const { return positions_; }
  uint32_t size() const { return size_; }

 private:
  void Reserve(size_t record_bytes);

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
  size_t capacity_ = 0;
  bool needs_padding_ = true;
  std::string copy_;
  const char* text_ = nullptr;
  const uint32_t* positions_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace tocsin
