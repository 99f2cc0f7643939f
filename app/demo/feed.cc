#include "app/demo/feed.h"

#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tocsin {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(20);
constexpr int64_t kBatch = 1'000;

}  // namespace

absl::Status Feed(const FeedOptions& options, Firehose* firehose, Log* log, const std::function<int64_t()>& behind,
                  const std::atomic<bool>& stop, FeedState* state) {
  absl::StatusOr<std::unique_ptr<Writer>> writer = log->OpenWriter("demo-firehose");
  if (!writer.ok()) return writer.status();
  const int64_t live_from_ms = firehose->scenario().start_ms + options.history_ms;
  absl::Time live_since;
  FirehoseRecord record;
  bool more = firehose->Next(&record);
  while (more && !stop.load()) {
    if (behind() > options.in_flight_max) {
      absl::SleepFor(absl::Milliseconds(1));
      continue;
    }
    int64_t due_ms = INT64_MAX;
    if (record.delivery_time_ms >= live_from_ms) {
      if (!state->live.exchange(true)) live_since = absl::Now();
      due_ms =
          live_from_ms + static_cast<int64_t>(absl::ToDoubleMilliseconds(absl::Now() - live_since) * options.speed);
      if (record.delivery_time_ms > due_ms) {
        absl::SleepFor(kTick);
        continue;
      }
    }
    if (absl::Status status = (*writer)->Begin(); !status.ok()) return status;
    int64_t written = 0;
    for (; more && written < kBatch && record.delivery_time_ms <= due_ms; ++written) {
      // The live part begins with a batch of its own, so that its clock starts with it.
      if (due_ms == INT64_MAX && record.delivery_time_ms >= live_from_ms) break;
      OutputRecord out;
      out.topic = firehose->scenario().streams[record.post->stream].topic;
      out.partition = record.post->partition;
      out.value = record.bytes;
      if (absl::Status status = (*writer)->Write(out); !status.ok()) return status;
      state->event_time_ms.store(record.delivery_time_ms);
      more = firehose->Next(&record);
    }
    if (absl::Status status = (*writer)->Commit({}, GroupGeneration(), ""); !status.ok()) return status;
    state->posts.fetch_add(written);
  }
  state->ended.store(true);
  return absl::OkStatus();
}

}  // namespace tocsin
