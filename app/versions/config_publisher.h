// Publishes a configuration to the log, if it has to be.
//
// One transactional id for the whole deployment makes publishing a critical section: who opens the writer fences
// whoever was about to publish, reads what there is, and only then decides; a fenced one begins again. So versions form
// one line, each effective later than the one before.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "app/versions/config_history.h"
#include "app/versions/config_versions.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"

namespace tocsin {

struct PublisherOptions {
  std::string topic;
  std::string transactional_id;  // of the deployment
  std::string process;           // stable name of this process in its deployment
  int64_t slide_ms = 5'000;
  // How far ahead of the clock, and of every event time seen, a version becomes effective.
  absl::Duration margin = absl::Seconds(10);
  // The largest event time that the deployment has committed; kUnknownTime: none.
  std::function<absl::StatusOr<int64_t>()> highest_event_time_ms;
};

enum class PublishOccasion : uint8_t {
  kStart,   // files that are the same as at this process's last start change nothing, whatever is in the log
  kReload,  // the files were changed, or somebody asks for them
};

struct PublishResult {
  bool published = false;
  bool superseded = false;  // the files are not what counts: another process has published since
  WatchlistVersion newest;
};

// Not thread-safe.
class ConfigPublisher {
 public:
  // All must outlive this.
  ConfigPublisher(PublisherOptions options, Log* log, ConfigVersions* versions, Clock* clock);

  // `config_version` is that of `text`. Unavailable: the log can't be reached, or others publish all the time.
  absl::StatusOr<PublishResult> Publish(uint64_t config_version, const ConfigText& text, PublishOccasion occasion);

 private:
  // What has to be written; false: nothing.
  bool Decide(const ConfigHistory& history, uint64_t config_version, PublishOccasion occasion,
              PublishResult* result) const;
  absl::Status Write(const ConfigHistory& history, Writer* writer);
  absl::StatusOr<int64_t> EffectiveMs(const ConfigHistory& history) const;

  const PublisherOptions options_;
  Log* const log_;
  ConfigVersions* const versions_;
  Clock* const clock_;
};

}  // namespace tocsin
