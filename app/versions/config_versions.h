// The configuration in the log, as this process knows it.
//
// Nobody reads along in the background: who must know asks with CatchUp, which compares the end of the topic with what
// was read, and reads only when there is more. What is read is compiled on a thread of its own, so that no worker waits
// for it: a version is effective later than it was published by far more than that takes.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/versions/config_history.h"
#include "engine/log/log.h"
#include "engine/state/snapshot.h"
#include "operators/match/watchlist_versions.h"

namespace tocsin {

class ConfigVersions : public WatchlistVersions {
 public:
  // Reads `topic` (one partition) to its end. `log` must outlive this.
  static absl::StatusOr<std::unique_ptr<ConfigVersions>> Open(Log* log, std::string topic);
  ~ConfigVersions() override;

  // Empty only as long as nothing has ever been published.
  std::shared_ptr<const WatchlistTimeline> Timeline() const override;
  absl::Status CatchUp() override;
  absl::StatusOr<std::shared_ptr<const Watchlist>> Load(const WatchlistVersion& version) override;

  std::shared_ptr<const ConfigHistory> History() const;
  uint64_t generation() const;  // of the snapshot that holds the history; 0: nothing was ever published

  // Saves compiling `text` again. It is let go when nobody has used it for long, never by a worker: a large one takes
  // its time to free.
  void Keep(const std::string& text, std::shared_ptr<const Watchlist> watchlist);

 private:
  struct Compiled {
    std::shared_ptr<const Watchlist> watchlist;
    absl::Status error;  // where there is none
    bool is_ready = false;
    uint64_t used = 0;
  };

  ConfigVersions(Log* log, std::string topic);

  absl::Status ReadTo(Offset end);
  absl::Status Adopt();
  // Compiled now or before. `text` must outlive the call.
  absl::StatusOr<std::shared_ptr<const Watchlist>> Compile(const std::string& text);
  // The thread's work: compiles what is new, lets go what is not used any more.
  void Maintain();
  void LetGo();

  Log* const log_;
  const std::string topic_;

  std::mutex read_mu_;                       // held while reading; taken before mu_
  std::unique_ptr<PartitionReader> reader_;  // guarded by read_mu_, as the next two
  std::unique_ptr<SnapshotAssembler> assembler_;
  Offset position_ = 0;

  mutable std::mutex mu_;
  std::condition_variable compiled_;              // a text has been compiled
  std::condition_variable wanted_;                // there is something to compile, or the end
  std::shared_ptr<const ConfigHistory> history_;  // guarded by mu_, as all that follows
  std::shared_ptr<const WatchlistTimeline> timeline_;
  uint64_t generation_ = 0;
  std::map<uint64_t, Compiled> compiled_texts_;  // by the text's hash
  uint64_t uses_ = 0;
  uint64_t newest_compiled_ = 0;  // generation whose newest version was compiled
  bool is_grown_ = false;         // compiled_texts_, since they were last let go
  bool ends_ = false;
  std::thread compiler_;
};

}  // namespace tocsin
