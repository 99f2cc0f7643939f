#include "app/versions/config_publisher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/hash.h"
#include "engine/state/snapshot.h"
#include "engine/time/slide.h"

namespace tocsin {
namespace {

constexpr int kAttemptsMost = 20;

bool IsWorthAnotherTry(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

ConfigPublisher::ConfigPublisher(PublisherOptions options, Log* log, ConfigVersions* versions, Clock* clock)
    : options_(std::move(options)), log_(log), versions_(versions), clock_(clock) {}

bool ConfigPublisher::Decide(const ConfigHistory& history, uint64_t config_version, PublishOccasion occasion,
                             PublishResult* result) const {
  *result = {};
  if (history.versions.empty()) {
    result->published = true;
    return true;
  }
  result->newest = history.versions.back().version;
  const auto known = history.files.find(options_.process);
  const bool same_files = known != history.files.end() && known->second == config_version;
  if (result->newest.config_version == config_version) return !same_files;
  result->superseded = same_files && occasion == PublishOccasion::kStart;
  result->published = !result->superseded;
  return result->published;
}

absl::StatusOr<int64_t> ConfigPublisher::EffectiveMs(const ConfigHistory& history) const {
  if (history.versions.empty()) return kFromTheBeginning;
  absl::StatusOr<int64_t> highest_ms = options_.highest_event_time_ms();
  if (!highest_ms.ok()) return highest_ms.status();
  const int64_t known_ms =
      std::max({*highest_ms, absl::ToUnixMillis(clock_->Now()), history.versions.back().version.effective_ms});
  return NextSlideEnd(known_ms + absl::ToInt64Milliseconds(options_.margin), options_.slide_ms);
}

absl::Status ConfigPublisher::Write(const ConfigHistory& history, Writer* writer) {
  Snapshot snapshot;
  snapshot.generation = versions_->generation() + 1;
  snapshot.payload = EncodeHistory(history);
  for (const SnapshotRecord& part : EncodeSnapshot(snapshot)) {
    OutputRecord record;
    record.topic = options_.topic;
    record.partition = 0;
    record.key = part.key;
    record.value = part.value;
    if (absl::Status status = writer->Write(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<PublishResult> ConfigPublisher::Publish(uint64_t config_version, const ConfigText& text,
                                                       PublishOccasion occasion) {
  absl::Status last;
  for (int attempt = 0; attempt < kAttemptsMost; ++attempt) {
    if (attempt > 0) {
      // Two that fence each other must not go on doing so.
      absl::SleepFor(
          absl::Milliseconds(Hash64(absl::StrCat(options_.process, attempt)) % static_cast<uint64_t>(50 * attempt)));
    }
    last = versions_->CatchUp();
    if (IsWorthAnotherTry(last)) continue;
    if (!last.ok()) return last;
    PublishResult result;
    if (!Decide(*versions_->History(), config_version, occasion, &result)) return result;
    absl::StatusOr<std::unique_ptr<Writer>> writer = log_->OpenWriter(options_.transactional_id);
    if (!writer.ok()) return writer.status();
    // From here on nobody else can publish, but what was published until here may not have been seen.
    if (absl::Status status = versions_->CatchUp(); !status.ok()) return status;
    ConfigHistory history = *versions_->History();
    if (!Decide(history, config_version, occasion, &result)) return result;
    history.files[options_.process] = config_version;
    if (result.published) {
      const absl::StatusOr<int64_t> effective_ms = EffectiveMs(history);
      if (!effective_ms.ok()) return effective_ms.status();
      result.newest = {.id = ChangeId(config_version, *effective_ms),
                       .config_version = config_version,
                       .effective_ms = *effective_ms};
      AppendVersion({.version = result.newest,
                     .published_ms = absl::ToUnixMillis(clock_->Now()),
                     .process = options_.process,
                     .text = text},
                    &history);
    }
    last = (*writer)->Begin();
    if (last.ok()) last = Write(history, writer->get());
    if (last.ok()) last = (*writer)->Commit({}, GroupGeneration(), "");
    if (last.ok()) {
      last = versions_->CatchUp();
      if (!last.ok()) return last;
      return result;
    }
    if (!IsWorthAnotherTry(last)) return last;
  }
  return absl::UnavailableError(absl::StrCat("the configuration could not be published: ", last.message()));
}

}  // namespace tocsin
