// Records that can't be used, on their way to the dead-letter topic: as they came, with where they stood and why.
//
// A record over kMaxDeadLetterBytes is cut to that, with its length and SHA-256 as headers; beyond the rate given, only
// references are kept (no value). Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/log/log.h"

namespace tocsin {

inline constexpr size_t kMaxDeadLetterBytes = size_t{64} << 10;

class DeadLetters {
 public:
  explicit DeadLetters(int64_t per_second) : per_second_(per_second) {}

  // `reason`: static text. `field`: of the record, that the reason is about; empty if it is about none.
  void Add(const TopicPartition& source, const Record& record, std::string_view reason, std::string_view field,
           absl::Time now);

  // Writes all to `topic`, keyed by "topic/partition" of the source.
  absl::Status WriteTo(Writer* writer, std::string_view topic) const;

  void Clear();
  bool empty() const { return letters_.empty(); }
  size_t size_bytes() const { return bytes_; }

 private:
  struct Letter {
    std::string key, value, offset, partition, length, sha256;
    std::string_view reason;
    std::string field;
    std::string topic;
    bool has_value = true;
    bool reference_only = false;
  };

  const int64_t per_second_;
  absl::Time second_ = absl::InfinitePast();  // start of the second that the rate counts
  int64_t in_second_ = 0;
  std::vector<Letter> letters_;
  size_t bytes_ = 0;
};

}  // namespace tocsin
