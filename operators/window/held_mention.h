// A mention as detect holds it while it is in a window.
#pragma once

#include <cstdint>

#include "operators/mention/mention.h"

namespace tocsin {

// A row as it is kept for evidence while its pane is held.
struct HeldMention {
  int64_t event_time_ms = 0;
  uint64_t post_hash = 0;
  uint64_t author_hash = 0;
  uint64_t text_hash = 0;
  Offset offset = 0;
  uint32_t reach = 0;
  uint32_t terms = 0;
  int16_t source = 0;  // index into the task's table of source partitions
  uint16_t language = 0;
  SentimentClass sentiment = SentimentClass::kUnclassified;
  PostKind kind = PostKind::kOriginal;
  Network network = Network::kOther;
  uint8_t flags = 0;
  uint16_t reasons = 0;
};

}  // namespace tocsin
