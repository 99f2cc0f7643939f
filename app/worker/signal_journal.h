// What a mentions partition has published since its last snapshot, folded into one number.
//
// Detect commits it beside its offset. A successor that starts from that snapshot applies the same blocks with their
// output suppressed, folds the same, and so can tell whether it decides as the one before has decided: from the log
// alone, the ids of the replayed signals must be those that were published.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "engine/log/log.h"
#include "operators/task/detect_task.h"

namespace tocsin {

struct SignalJournal {
  Offset since = 0;     // behind the last block within the snapshot; 0: there was none yet
  int64_t signals = 0;  // published since
  uint64_t digest = 0;  // of their ids, in their order

  // Folds the signals among `outputs`, of this partition and in their order, in.
  void Add(absl::Span<const DetectOutput> outputs);

  friend bool operator==(const SignalJournal&, const SignalJournal&) = default;
};

// Text for the offset commit's metadata: "v1 <since> <signals> <digest, hexadecimal>".
std::string EncodeJournal(const SignalJournal& journal);
// False: it is no journal, as of offsets that were set by hand.
bool DecodeJournal(std::string_view text, SignalJournal* journal);

}  // namespace tocsin
