// Decides, at every call of the in-memory log, whether the call fails; the simulator's lever on the log.
//
// A call that has an effect is asked about twice: before it (a failure then means that nothing happened) and after it
// (everything happened, and only the acknowledgement was lost). Writer::Commit is asked about at each of its steps, so
// that offsets may have been sent without the transaction being ended, as when a process dies between the two.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace tocsin {

enum class LogCall : uint8_t {
  kOpenGroupReader,
  kOpenPartitionReader,
  kOpenWriter,
  kPartitionCount,
  kOffsets,
  kEnsureTopics,
  kCommittedOffsets,
  kPoll,
  kAssigned,  // a rebalance has ended, the listener has not been told yet
  kPause,
  kResume,
  kClose,
  kPartitionPoll,
  kBegin,
  kWrite,
  kSendOffsets,
  kEndTransaction,
  kAbort,
};
inline constexpr int kLogCallCount = static_cast<int>(LogCall::kAbort) + 1;

enum class CallMoment : uint8_t { kBefore, kAfter };

class FaultInjector {
 public:
  virtual ~FaultInjector() = default;

  // Called without any lock held, on the thread of the caller. `actor` is the transactional id, the member's name (the
  // group's, if dynamic) or empty. An error is returned to the caller in place of the call's own result.
  virtual absl::Status OnCall(LogCall call, CallMoment moment, std::string_view actor) = 0;
};

}  // namespace tocsin
