// What ingest commits beside a source partition's offset: the only state that it has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/log/log.h"
#include "operators/mention/mention.h"

namespace tocsin {

struct OffsetMetadata {
  uint32_t epoch = 0;  // raised when the topic was made anew
  int64_t highest_event_time_ms = kUnknownTime;
};

// Text, since some brokers' clients cut metadata at NUL bytes: "v1 <epoch> <highest event time>".
std::string EncodeMetadata(const OffsetMetadata& metadata);
// False: it is not Tocsin's.
bool DecodeMetadata(std::string_view text, OffsetMetadata* metadata);

// The largest event time that `group` has committed for any partition of those of `topics` that exist; kUnknownTime if
// there is none.
absl::StatusOr<int64_t> HighestCommittedEventTime(Log* log, const std::string& group,
                                                  const std::vector<std::string>& topics);

}  // namespace tocsin
