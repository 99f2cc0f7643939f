// Compresses a stream of bytes, piece by piece. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin {

class LineEncoder {
 public:
  enum class Step : uint8_t {
    kMore,   // more follows: output comes when it comes
    kFlush,  // all that was put in can be decoded from what has come out
    kEnd,    // the stream ends
  };

  virtual ~LineEncoder() = default;

  // The output for `in` and what was held back before, valid until the next call. Internal if the library fails.
  virtual absl::StatusOr<std::string_view> Encode(std::string_view in, Step step) = 0;

  // By the end of the name: ".gz", ".zst"; null for any other.
  static absl::StatusOr<std::unique_ptr<LineEncoder>> ForName(std::string_view path);
};

}  // namespace tocsin
