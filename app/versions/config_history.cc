#include "app/versions/config_history.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"

namespace tocsin {
namespace {

constexpr uint8_t kHistoryVersion = 1;

}  // namespace

WatchlistTimeline ConfigHistory::Timeline() const {
  WatchlistTimeline timeline;
  timeline.reserve(versions.size());
  for (const PublishedConfig& each : versions) timeline.push_back(each.version);
  return timeline;
}

uint64_t ChangeId(uint64_t config_version, int64_t effective_ms) {
  if (effective_ms == kFromTheBeginning) return config_version;
  std::string identity;
  ByteWriter writer(&identity);
  writer.Fixed64(config_version);
  writer.Signed(effective_ms);
  return Hash64(identity);
}

void AppendVersion(PublishedConfig version, ConfigHistory* history) {
  std::vector<PublishedConfig>& versions = history->versions;
  versions.push_back(std::move(version));
  const auto bytes = [&versions] {
    size_t sum = 0;
    for (const PublishedConfig& each : versions) sum += each.text.watchlist.size() + each.text.configuration.size();
    return sum;
  };
  while (versions.size() > 2 && (versions.size() > kVersionsKept || bytes() > kVersionBytesKept)) {
    versions.erase(versions.begin());
  }
}

std::string EncodeHistory(const ConfigHistory& history) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Byte(kHistoryVersion);
  writer.Varint(history.versions.size());
  for (const PublishedConfig& each : history.versions) {
    writer.Fixed64(each.version.id);
    writer.Fixed64(each.version.config_version);
    writer.Signed(each.version.effective_ms);
    writer.Signed(each.published_ms);
    writer.String(each.process);
    writer.String(each.text.configuration);
    writer.Fixed64(each.text.model);
    writer.String(each.text.watchlist);
  }
  writer.Varint(history.files.size());
  for (const auto& [process, version] : history.files) {
    writer.String(process);
    writer.Fixed64(version);
  }
  return bytes;
}

absl::StatusOr<ConfigHistory> DecodeHistory(std::string_view bytes) {
  ByteReader reader(bytes);
  const uint8_t form = reader.Byte();
  if (reader.ok() && form > kHistoryVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the configuration in the log was written by a newer release, version=", form));
  }
  ConfigHistory history;
  constexpr size_t kMinVersionBytes = 29;
  for (size_t count = reader.Count(kMinVersionBytes); count > 0 && reader.ok(); --count) {
    PublishedConfig& each = history.versions.emplace_back();
    each.version.id = reader.Fixed64();
    each.version.config_version = reader.Fixed64();
    each.version.effective_ms = reader.Signed();
    each.published_ms = reader.Signed();
    each.process = reader.String();
    each.text.configuration = reader.String();
    each.text.model = reader.Fixed64();
    each.text.watchlist = reader.String();
    const size_t size = history.versions.size();
    if (size > 1 && history.versions[size - 2].version.effective_ms >= each.version.effective_ms) reader.Fail();
  }
  constexpr size_t kMinFileBytes = 9;
  for (size_t count = reader.Count(kMinFileBytes); count > 0 && reader.ok(); --count) {
    std::string process(reader.String());
    history.files[std::move(process)] = reader.Fixed64();
  }
  if (!reader.ok() || reader.remaining() > 0 || form == 0 || history.versions.empty()) {
    return absl::DataLossError("the configuration in the log is malformed");
  }
  return history;
}

}  // namespace tocsin
