// A post that is due, not yet written: what chance has decided of it.
#pragma once

#include <cstdint>

#include "app/generate/scenario.h"

namespace tocsin {

// Ways to spoil a record, and the reason for which each is dropped.
enum class Malformation : uint8_t {
  kNone = 0,
  kTruncated,     // not_json
  kInvalidUtf8,   // not_utf8
  kNoId,          // missing_field
  kTextIsNumber,  // wrong_type
  kAbsurdTime,    // absurd_time
  kNotJson,       // not_json
  kTooDeep,       // too_deep
};
inline constexpr size_t kMalformations = 8;  // kNone included

struct PlannedPost {
  int64_t event_ms = 0;     // epoch
  int64_t delivery_ms = 0;  // epoch
  uint64_t number = 0;      // of the post, for its id; a duplicate has the same
  uint64_t root = 0;        // of the post that it reposts; 0: none
  uint64_t text_seed = 0;
  uint32_t author = 0;
  int32_t brand = -1;  // into Scenario::brands; -1: none
  int32_t event = -1;  // into Scenario::events; -1: none
  int16_t partition = 0;
  uint8_t stream = 0;
  Mood mood = Mood::kNeutral;
  Malformation malformation = Malformation::kNone;
  bool new_account = false;
  bool duplicate = false;
  bool late = false;
  bool held = false;
};

}  // namespace tocsin
