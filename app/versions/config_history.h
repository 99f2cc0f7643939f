// The versions of a deployment's configuration: what the topic tocsin.config holds, as a value with an encoding.
//
// The whole history is one snapshot of engine/state, written anew with every change: so compaction keeps the newest
// whole one, a torn write leaves the one before, and who reads to the end knows everything at once. Byte-exact format:
// docs/FORMATS.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "operators/match/watchlist_versions.h"

namespace tocsin {

// One configuration as text: what is decided by, and everything that is needed to match as it says.
struct ConfigText {
  std::string configuration;  // CanonicalText
  uint64_t model = 0;         // checksum of the sentiment model
  std::string watchlist;      // canonical text, as YAML

  friend bool operator==(const ConfigText&, const ConfigText&) = default;
};

struct PublishedConfig {
  WatchlistVersion version;
  int64_t published_ms = 0;  // wall clock of the publisher
  std::string process;       // that published it
  ConfigText text;

  friend bool operator==(const PublishedConfig&, const PublishedConfig&) = default;
};

struct ConfigHistory {
  std::vector<PublishedConfig> versions;  // in the order of a timeline
  // The version of each process's own files when it last looked: one that starts with the same files again has changed
  // nothing, whatever others have published since.
  std::map<std::string, uint64_t> files;

  WatchlistTimeline Timeline() const;

  friend bool operator==(const ConfigHistory&, const ConfigHistory&) = default;
};

// How many versions are kept, and how much text, beside the newest two.
inline constexpr size_t kVersionsKept = 32;
inline constexpr size_t kVersionBytesKept = size_t{16} << 20;

// The id of the change that makes `config_version` effective at `effective_ms`. That of a first version is the version
// itself, so that it can be told from the files alone.
uint64_t ChangeId(uint64_t config_version, int64_t effective_ms);

// Appends a version and lets go of the oldest beyond the limits.
void AppendVersion(PublishedConfig version, ConfigHistory* history);

std::string EncodeHistory(const ConfigHistory& history);
// DataLoss: damaged. FailedPrecondition: written by a newer release.
absl::StatusOr<ConfigHistory> DecodeHistory(std::string_view bytes);

}  // namespace tocsin
