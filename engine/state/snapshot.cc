#include "engine/state/snapshot.h"

#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"

namespace tocsin {
namespace {

constexpr uint32_t kChunkMagic = 0x434e5354;     // "TSNC"
constexpr uint32_t kManifestMagic = 0x4d4e5354;  // "TSNM"
constexpr std::string_view kManifestName = "manifest";
constexpr size_t kChecksumBytes = 8;
// Room for the fields of a chunk around its bytes.
constexpr size_t kChunkOverheadBytes = 64;
constexpr int kCompressionLevel = 3;

// Appends the checksum of all that `*out` holds.
void Seal(std::string* out) {
  const uint64_t checksum = Hash64(*out);
  ByteWriter(out).Fixed64(checksum);
}

// The bytes without their checksum; nullopt if it does not hold.
std::optional<std::string_view> Unseal(std::string_view sealed) {
  if (sealed.size() < kChecksumBytes) return std::nullopt;
  const std::string_view bytes = sealed.substr(0, sealed.size() - kChecksumBytes);
  if (ByteReader(sealed.substr(bytes.size())).Fixed64() != Hash64(bytes)) return std::nullopt;
  return bytes;
}

std::string Compress(std::string_view payload) {
  std::string stored(ZSTD_compressBound(payload.size()), '\0');
  const size_t size = ZSTD_compress(stored.data(), stored.size(), payload.data(), payload.size(), kCompressionLevel);
  CHECK(ZSTD_isError(size) == 0) << "zstd: " << ZSTD_getErrorName(size);
  stored.resize(size);
  return stored;
}

std::string EncodeChunk(const Snapshot& snapshot, uint64_t index, std::string_view bytes) {
  std::string value;
  ByteWriter writer(&value);
  writer.Fixed32(kChunkMagic);
  writer.Byte(kSnapshotVersion);
  writer.Signed(snapshot.partition);
  writer.Varint(snapshot.generation);
  writer.Varint(index);
  writer.String(bytes);
  Seal(&value);
  return value;
}

absl::Status CheckVersion(uint8_t version) {
  if (version > kSnapshotVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the snapshot was written by a newer release: version=", version,
                                                      " version_max=", kSnapshotVersion));
  }
  if (version + 1 < kSnapshotVersion || version == 0) {
    return absl::FailedPreconditionError(absl::StrCat("the snapshot's version is too old: version=", version,
                                                      " version_min=", std::max(1, kSnapshotVersion - 1)));
  }
  return absl::OkStatus();
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::vector<SnapshotRecord> EncodeSnapshot(const Snapshot& snapshot, size_t record_bytes_max) {
  CHECK_LE(snapshot.payload.size(), kSnapshotPayloadBytesMax);
  CHECK_GT(record_bytes_max, kChunkOverheadBytes);
  const std::string stored = Compress(snapshot.payload);
  const std::string prefix = absl::StrCat(snapshot.partition, "/", snapshot.generation % 2, "/");
  std::vector<SnapshotRecord> records;
  const size_t chunk_bytes = record_bytes_max - kChunkOverheadBytes;
  for (size_t at = 0; at < stored.size(); at += chunk_bytes) {
    const uint64_t index = records.size();
    const std::string_view chunk = std::string_view{stored}.substr(at, chunk_bytes);
    records.push_back({absl::StrCat(prefix, index), EncodeChunk(snapshot, index, chunk)});
  }
  std::string value;
  ByteWriter writer(&value);
  writer.Fixed32(kManifestMagic);
  writer.Byte(kSnapshotVersion);
  writer.Signed(snapshot.partition);
  writer.Varint(snapshot.generation);
  writer.Varint(snapshot.state_version);
  writer.Signed(snapshot.rebuild_from);
  writer.Signed(snapshot.applied_to);
  writer.Varint(snapshot.attributes.size());
  for (const auto& [name, text] : snapshot.attributes) {
    writer.String(name);
    writer.String(text);
  }
  writer.Varint(records.size());
  writer.Varint(stored.size());
  writer.Varint(snapshot.payload.size());
  writer.Fixed64(Hash64(snapshot.payload));
  Seal(&value);
  records.push_back({absl::StrCat(prefix, kManifestName), std::move(value)});
  return records;
}

void SnapshotAssembler::Add(std::string_view key, std::optional<std::string_view> value) {
  ++added_;
  const std::string prefix = absl::StrCat(partition_, "/");
  if (!key.starts_with(prefix)) return;
  key.remove_prefix(prefix.size());
  if (key.size() < 3 || (key[0] != '0' && key[0] != '1') || key[1] != '/') return;
  const auto parity = static_cast<uint64_t>(key[0] - '0');
  KeySet& keys = keys_[parity];
  key.remove_prefix(2);
  if (key == kManifestName) {
    keys.manifest.reset();
    if (!value.has_value()) return;
    keys.manifest = DecodeManifest(partition_, *value);
    keys.manifest->order = added_;
    if (keys.manifest->status.ok() && keys.manifest->fields.generation % 2 != parity) {
      keys.manifest->status = absl::DataLossError("the manifest is under the keys of the other generations");
    }
    return;
  }
  const std::optional<uint64_t> index = ParseNumber(key);
  if (!index.has_value()) return;
  if (value.has_value()) {
    keys.chunks[*index] = DecodeChunk(partition_, *index, *value);
  } else {
    keys.chunks.erase(*index);
  }
}

SnapshotAssembler::Chunk SnapshotAssembler::DecodeChunk(int32_t partition, uint64_t index, std::string_view value) {
  Chunk chunk;
  chunk.is_damaged = true;
  const std::optional<std::string_view> bytes = Unseal(value);
  if (!bytes.has_value()) return chunk;
  ByteReader reader(*bytes);
  if (reader.Fixed32() != kChunkMagic) return chunk;
  reader.Byte();  // the manifest's version is the one that counts
  if (reader.Signed() != partition) return chunk;
  chunk.generation = reader.Varint();
  if (reader.Varint() != index) return chunk;
  chunk.bytes = reader.String();
  chunk.is_damaged = !reader.ok() || reader.remaining() > 0;
  return chunk;
}

SnapshotAssembler::Manifest SnapshotAssembler::DecodeManifest(int32_t partition, std::string_view value) {
  Manifest manifest;
  const std::optional<std::string_view> bytes = Unseal(value);
  if (!bytes.has_value()) {
    manifest.status = absl::DataLossError("the checksum of the manifest does not hold");
    return manifest;
  }
  ByteReader reader(*bytes);
  const uint32_t magic = reader.Fixed32();
  const uint8_t version = reader.Byte();
  if (!reader.ok() || magic != kManifestMagic) {
    manifest.status = absl::DataLossError("not a manifest");
    return manifest;
  }
  manifest.status = CheckVersion(version);
  if (!manifest.status.ok()) return manifest;
  Snapshot& fields = manifest.fields;
  fields.partition = static_cast<int32_t>(reader.Signed());
  fields.generation = reader.Varint();
  fields.state_version = static_cast<uint32_t>(reader.Varint());
  fields.rebuild_from = reader.Signed();
  fields.applied_to = reader.Signed();
  constexpr size_t kAttributeBytesMin = 2;
  const size_t attribute_count = reader.Count(kAttributeBytesMin);
  for (size_t i = 0; i < attribute_count && reader.ok(); ++i) {
    std::string name(reader.String());
    fields.attributes[std::move(name)] = reader.String();
  }
  manifest.chunk_count = reader.Varint();
  manifest.stored_bytes = reader.Varint();
  manifest.payload_bytes = reader.Varint();
  manifest.payload_hash = reader.Fixed64();
  if (!reader.ok() || reader.remaining() > 0 || fields.partition != partition ||
      manifest.payload_bytes > kSnapshotPayloadBytesMax) {
    manifest.status = absl::DataLossError("the manifest is malformed");
  }
  return manifest;
}

bool SnapshotAssembler::IsComplete(const KeySet& keys) {
  const Manifest& manifest = *keys.manifest;
  if (keys.chunks.size() < manifest.chunk_count) return false;
  for (uint64_t i = 0; i < manifest.chunk_count; ++i) {
    const auto chunk = keys.chunks.find(i);
    if (chunk == keys.chunks.end()) return false;
    // A damaged one is there: whether it belongs to this snapshot can't be known, so it is not passed over.
    if (!chunk->second.is_damaged && chunk->second.generation != manifest.fields.generation) return false;
  }
  return true;
}

absl::StatusOr<Snapshot> SnapshotAssembler::Assemble(const KeySet& keys) {
  const Manifest& manifest = *keys.manifest;
  const std::string where =
      absl::StrCat(" partition=", manifest.fields.partition, " generation=", manifest.fields.generation);
  std::string stored;
  for (uint64_t i = 0; i < manifest.chunk_count; ++i) {
    const Chunk& chunk = keys.chunks.at(i);
    if (chunk.is_damaged)
      return absl::DataLossError(absl::StrCat("a chunk of the snapshot is damaged: chunk=", i, where));
    stored += chunk.bytes;
  }
  if (stored.size() != manifest.stored_bytes ||
      ZSTD_getFrameContentSize(stored.data(), stored.size()) != manifest.payload_bytes) {
    return absl::DataLossError(absl::StrCat("the snapshot has another size than its manifest says:", where));
  }
  Snapshot snapshot = manifest.fields;
  snapshot.payload.resize(manifest.payload_bytes);
  const size_t size = ZSTD_decompress(snapshot.payload.data(), snapshot.payload.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0 || size != manifest.payload_bytes || Hash64(snapshot.payload) != manifest.payload_hash) {
    return absl::DataLossError(absl::StrCat("the checksum of the snapshot does not hold:", where));
  }
  return snapshot;
}

absl::StatusOr<std::optional<Snapshot>> SnapshotAssembler::Newest() const {
  std::vector<const KeySet*> newest_first;
  for (const KeySet& keys : keys_) {
    if (keys.manifest.has_value()) newest_first.push_back(&keys);
  }
  std::sort(newest_first.begin(), newest_first.end(),
            [](const KeySet* a, const KeySet* b) { return a->manifest->order > b->manifest->order; });
  bool is_fallback = false;
  for (const KeySet* keys : newest_first) {
    if (!keys->manifest->status.ok()) {
      return absl::Status(keys->manifest->status.code(),
                          absl::StrCat(keys->manifest->status.message(), " partition=", partition_));
    }
    if (!IsComplete(*keys)) {
      is_fallback = true;
      continue;
    }
    absl::StatusOr<Snapshot> snapshot = Assemble(*keys);
    if (!snapshot.ok()) return snapshot.status();
    snapshot->is_fallback = is_fallback;
    return *std::move(snapshot);
  }
  if (!newest_first.empty()) {
    return absl::DataLossError(absl::StrCat("no snapshot is complete: partition=", partition_));
  }
  return std::optional<Snapshot>();
}

}  // namespace tocsin
