#include "app/versions/config_versions.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/hash.h"

namespace tocsin {
namespace {

constexpr absl::Duration kPollWait = absl::Milliseconds(50);
constexpr int kOpenAttempts = 50;
constexpr absl::Duration kOpenPause = absl::Milliseconds(100);
// Longer than an open transaction can hold records back.
constexpr int kPollsMost = 400;
// Compiled watchlists at hand: those around a change, and of what a backlog is read under.
constexpr size_t kCompiledKept = 6;

}  // namespace

ConfigVersions::ConfigVersions(Log* log, std::string topic)
    : log_(log),
      topic_(std::move(topic)),
      history_(std::make_shared<const ConfigHistory>()),
      timeline_(std::make_shared<const WatchlistTimeline>()) {}

ConfigVersions::~ConfigVersions() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    ends_ = true;
  }
  wanted_.notify_all();
  if (compiler_.joinable()) compiler_.join();
}

absl::StatusOr<std::unique_ptr<ConfigVersions>> ConfigVersions::Open(Log* log, std::string topic) {
  std::unique_ptr<ConfigVersions> versions(new ConfigVersions(log, std::move(topic)));
  absl::Status status = versions->CatchUp();
  // A topic that was just made has no leader yet; one that is compacted may begin later than it did a moment ago.
  const auto passes = [](const absl::Status& s) { return absl::IsUnavailable(s) || absl::IsOutOfRange(s); };
  for (int attempt = 1; passes(status) && attempt < kOpenAttempts; ++attempt) {
    absl::SleepFor(kOpenPause);
    status = versions->CatchUp();
  }
  if (!status.ok()) return status;
  versions->compiler_ = std::thread([raw = versions.get()] { raw->Maintain(); });
  return versions;
}

std::shared_ptr<const WatchlistTimeline> ConfigVersions::Timeline() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return timeline_;
}

std::shared_ptr<const ConfigHistory> ConfigVersions::History() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return history_;
}

uint64_t ConfigVersions::generation() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return generation_;
}

absl::Status ConfigVersions::CatchUp() {
  const std::lock_guard<std::mutex> lock(read_mu_);
  const absl::StatusOr<OffsetRange> range = log_->Offsets({topic_, 0});
  if (!range.ok()) return range.status();
  if (reader_ != nullptr && position_ >= range->end) return absl::OkStatus();
  if (reader_ == nullptr) {
    position_ = range->begin;
    if (range->begin >= range->end) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<PartitionReader>> reader =
        log_->OpenPartitionReader({{TopicPartition{topic_, 0}, {StartPosition::Kind::kOffset, range->begin}}});
    if (!reader.ok()) return reader.status();
    reader_ = *std::move(reader);
    assembler_ = std::make_unique<SnapshotAssembler>(0);
  }
  absl::Status status = ReadTo(range->end);
  if (status.ok()) status = Adopt();
  if (!status.ok()) reader_.reset();  // the next one reads it all anew
  return status;
}

absl::Status ConfigVersions::ReadTo(Offset end) {
  std::vector<RecordBatch> batches;
  for (int polls = 0; position_ < end; ++polls) {
    if (polls == kPollsMost) {
      return absl::UnavailableError(absl::StrCat("the configuration can't be read to its end; topic=", topic_,
                                                 " position=", position_, " end=", end));
    }
    if (absl::Status status = reader_->Poll(kPollWait, &batches); !status.ok()) return status;
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) {
        assembler_->Add(record.key, record.has_value ? std::optional<std::string_view>(record.value) : std::nullopt);
      }
      position_ = batch.next_offset;
    }
  }
  return absl::OkStatus();
}

absl::Status ConfigVersions::Adopt() {
  absl::StatusOr<std::optional<Snapshot>> newest = assembler_->Newest();
  if (!newest.ok()) return newest.status();
  if (!newest->has_value() || (*newest)->generation == generation()) return absl::OkStatus();
  absl::StatusOr<ConfigHistory> history = DecodeHistory((*newest)->payload);
  if (!history.ok()) return history.status();
  {
    const std::lock_guard<std::mutex> lock(mu_);
    timeline_ = std::make_shared<const WatchlistTimeline>(history->Timeline());
    history_ = std::make_shared<const ConfigHistory>(*std::move(history));
    generation_ = (*newest)->generation;
  }
  wanted_.notify_all();
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Watchlist>> ConfigVersions::Load(const WatchlistVersion& version) {
  const std::shared_ptr<const ConfigHistory> history = History();
  for (const PublishedConfig& each : history->versions) {
    if (each.version.id == version.id) return Compile(each.text.watchlist);
  }
  return absl::FailedPreconditionError(absl::StrCat("a version of the configuration is no longer in the log; topic=",
                                                    topic_, " id=", absl::Hex(version.id, absl::kZeroPad16)));
}

void ConfigVersions::Keep(const std::string& text, std::shared_ptr<const Watchlist> watchlist) {
  const std::lock_guard<std::mutex> lock(mu_);
  compiled_texts_.insert_or_assign(Hash64(text), Compiled{std::move(watchlist), absl::OkStatus(), true, ++uses_});
}

absl::StatusOr<std::shared_ptr<const Watchlist>> ConfigVersions::Compile(const std::string& text) {
  const uint64_t hash = Hash64(text);
  std::unique_lock<std::mutex> lock(mu_);
  const auto [entry, inserted] = compiled_texts_.try_emplace(hash, Compiled{nullptr, absl::OkStatus(), false, ++uses_});
  if (inserted) {
    lock.unlock();
    absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(text, topic_);
    lock.lock();
    // Nobody lets go of what is not ready, so the entry is still there.
    entry->second.error = watchlist.status();
    if (watchlist.ok()) entry->second.watchlist = *std::move(watchlist);
    entry->second.is_ready = true;
    is_grown_ = true;
    compiled_.notify_all();
    wanted_.notify_all();
  } else {
    compiled_.wait(lock, [&] {
      const auto found = compiled_texts_.find(hash);
      return found == compiled_texts_.end() || found->second.is_ready;
    });
  }
  const auto found = compiled_texts_.find(hash);
  if (found == compiled_texts_.end()) {
    lock.unlock();
    return Compile(text);
  }
  found->second.used = ++uses_;
  const Compiled result = found->second;
  if (result.watchlist == nullptr) return result.error;
  return result.watchlist;
}

void ConfigVersions::Maintain() {
  for (;;) {
    std::shared_ptr<const ConfigHistory> history;
    {
      std::unique_lock<std::mutex> lock(mu_);
      wanted_.wait(lock, [this] { return ends_ || is_grown_ || newest_compiled_ != generation_; });
      if (ends_) return;
      if (newest_compiled_ != generation_) history = history_;
      newest_compiled_ = generation_;
      is_grown_ = false;
    }
    // Whoever loads it is told of an error.
    if (history != nullptr && !history->versions.empty()) {
      Compile(history->versions.back().text.watchlist).IgnoreError();
    }
    LetGo();
  }
}

void ConfigVersions::LetGo() {
  std::vector<Compiled> unused;  // freed after the lock
  const std::lock_guard<std::mutex> lock(mu_);
  while (compiled_texts_.size() > kCompiledKept) {
    // What somebody else has too stays, so that the last reference is always this one.
    auto oldest = compiled_texts_.end();
    for (auto each = compiled_texts_.begin(); each != compiled_texts_.end(); ++each) {
      if (!each->second.is_ready || each->second.watchlist.use_count() > 1) continue;
      if (oldest == compiled_texts_.end() || each->second.used < oldest->second.used) oldest = each;
    }
    if (oldest == compiled_texts_.end()) return;
    unused.push_back(std::move(oldest->second));
    compiled_texts_.erase(oldest);
  }
}

}  // namespace tocsin
