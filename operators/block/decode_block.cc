// Reading blocks: of this version, and of the two before it.
#include <limits>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"
#include "engine/base/varint.h"
#include "operators/block/block.h"
#include "operators/block/block_format.h"

namespace tocsin {
namespace {

using namespace block_format;  // NOLINT(google-build-using-namespace): all of it is for here

constexpr size_t kMinSourceBytes = 13;
constexpr size_t kMinSampleBytes = 5;
constexpr size_t kMinRowBytes = 32;  // of any version
constexpr size_t kMinActionBytes = 5;

uint32_t ReadUint32(ByteReader* reader) {
  const uint64_t value = reader->Varint();
  if (value > std::numeric_limits<uint32_t>::max()) reader->Fail();
  return static_cast<uint32_t>(value);
}

void ReadSources(ByteReader* reader, std::vector<SourceRange>* sources) {
  sources->resize(reader->Count(kMinSourceBytes));
  for (SourceRange& source : *sources) {
    source.topic = reader->String();
    const int64_t partition = reader->Signed();
    if (partition < 0 || partition > std::numeric_limits<int32_t>::max()) reader->Fail();
    source.partition = static_cast<int32_t>(partition);
    source.epoch = ReadUint32(reader);
    source.from = reader->Signed();
    source.to = WrappingPlus(source.from, reader->Signed());
    if (source.to < source.from) reader->Fail();
    const uint8_t flags = reader->Byte();
    if (flags > (kSourceIdle | kSourceCaughtUp | kSourceHasTime | kSourceControl)) reader->Fail();
    source.idle = (flags & kSourceIdle) != 0;
    source.caught_up = (flags & kSourceCaughtUp) != 0;
    source.control = (flags & kSourceControl) != 0;
    source.highest_event_time_ms = (flags & kSourceHasTime) != 0 ? reader->Signed() : kUnknownTime;
    source.out_of_orderness_ms = reader->Signed();
    source.max_drag_ms = reader->Signed();
    source.records = ReadUint32(reader);
    source.matched = ReadUint32(reader);
    source.unmatched = ReadUint32(reader);
    source.dead = ReadUint32(reader);
    source.official = ReadUint32(reader);
  }
}

std::vector<uint8_t> ReadShapes(ByteReader* reader, std::vector<Mention>* rows) {
  std::vector<uint8_t> shapes;
  shapes.reserve(rows->size());
  for (Mention& row : *rows) {
    const uint8_t shape = reader->Byte();
    shapes.push_back(shape);
    row.sentiment = static_cast<SentimentClass>(shape & 3);
    row.kind = static_cast<PostKind>((shape >> kKindShift) & 3);
  }
  return shapes;
}

void ReadLanguagesAndCounts(const std::vector<uint8_t>& shapes, ByteReader* reader, std::vector<Mention>* rows) {
  uint16_t language = 0;
  for (size_t i = 0; i < rows->size(); ++i) {
    if ((shapes[i] & kSameLanguage) == 0) {
      const uint8_t high = reader->Byte();
      language = static_cast<uint16_t>((high << 8) | reader->Byte());
    }
    (*rows)[i].language = language;
  }
  for (Mention& row : *rows) row.reach = ReadUint32(reader);
  for (Mention& row : *rows) row.terms = ReadUint32(reader);
}

void ReadReasons(ByteReader* reader, std::vector<Mention>* rows) {
  for (Mention& row : *rows) {
    const uint64_t reasons = reader->Varint();
    if (reasons >> kMatchReasonBits != 0) reader->Fail();
    row.reasons = static_cast<uint16_t>(reasons);
  }
  for (Mention& row : *rows) row.ambiguity = (row.flags & kAmbiguous) != 0 ? reader->Byte() : uint8_t{0};
}

// REQUIRES: block->sources, brands and samples are read.
void ReadColumns(uint8_t version, ByteReader* reader, Block* block) {
  std::vector<Mention>& rows = block->mentions;
  const std::vector<uint8_t> shapes = ReadShapes(reader, &rows);
  for (Mention& row : rows) {
    row.brand = ReadUint32(reader);
    if (row.brand >= block->brands.size()) reader->Fail();
  }
  int64_t time = 0;
  for (Mention& row : rows) row.event_time_ms = time = WrappingPlus(time, reader->Signed());
  for (Mention& row : rows) row.post_hash = reader->Fixed64();
  for (Mention& row : rows) row.author_hash = reader->Fixed64();
  for (Mention& row : rows) row.text_hash = reader->Fixed64();
  for (size_t i = 0; i < rows.size(); ++i) rows[i].root_hash = (shapes[i] & kHasRoot) != 0 ? reader->Fixed64() : 0;
  for (Mention& row : rows) row.network = static_cast<Network>(reader->Byte());
  for (Mention& row : rows) row.flags = reader->Byte();
  if (version != kVersionWithoutReasons) ReadReasons(reader, &rows);
  ReadLanguagesAndCounts(shapes, reader, &rows);
  uint32_t source = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if ((shapes[i] & kSameSource) == 0) source = ReadUint32(reader);
    if (source >= block->sources.size()) reader->Fail();
    rows[i].source = static_cast<int32_t>(source);
  }
  if (!reader->ok()) return;
  std::vector<Offset> offsets;
  offsets.reserve(block->sources.size());
  for (const SourceRange& range : block->sources) offsets.push_back(range.from);
  for (Mention& row : rows) {
    Offset& before = offsets[static_cast<size_t>(row.source)];
    row.offset = before = WrappingPlus(before, reader->Signed());
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].sample = -1;
    if ((shapes[i] & kHasSample) == 0) continue;
    const uint32_t sample = ReadUint32(reader);
    if (sample >= block->samples.size()) reader->Fail();
    rows[i].sample = static_cast<int32_t>(sample);
  }
}

// REQUIRES: block->sources and brands are read.
void ReadActions(uint8_t version, ByteReader* reader, Block* block) {
  block->actions.clear();
  if (version <= kVersionWithoutActions) return;
  block->actions.resize(reader->Count(kMinActionBytes));
  for (BlockAction& action : block->actions) {
    action.brand = ReadUint32(reader);
    action.at_ms = reader->Signed();
    const uint32_t source = ReadUint32(reader);
    action.offset = reader->Signed();
    action.text = reader->String();
    if (action.brand >= block->brands.size() || source >= block->sources.size()) reader->Fail();
    action.source = static_cast<int32_t>(source);
  }
}

void ReadTables(ByteReader* reader, Block* block) {
  block->brands.resize(reader->Count());
  for (std::string_view& brand : block->brands) brand = reader->String();
  block->samples.resize(reader->Count(kMinSampleBytes));
  for (Sample& sample : block->samples) {
    sample.post_id = reader->String();
    sample.author_handle = reader->String();
    sample.text = reader->String();
    sample.hashtags = reader->String();
    sample.url = reader->String();
  }
}

}  // namespace

absl::Status DecodeBlock(std::string_view bytes, Block* block) {
  ByteReader prefix(bytes);
  const uint8_t version = prefix.Byte();
  const uint64_t checksum = prefix.Fixed64();
  if (!prefix.ok()) return absl::DataLossError(absl::StrCat("block is too short, bytes=", bytes.size()));
  if (version == 0 || version > kVersion) {
    return absl::DataLossError(absl::StrCat("block has an unknown version, version=", version, " known=", kVersion));
  }
  const std::string_view body = bytes.substr(kPrefixBytes);
  if (Hash64(body) != checksum) {
    return absl::DataLossError(absl::StrCat("block does not match its checksum, bytes=", bytes.size()));
  }
  ByteReader reader(body);
  block->config_version = reader.Fixed64();
  block->part = ReadUint32(&reader);
  block->parts = ReadUint32(&reader);
  if (block->part >= block->parts) reader.Fail();
  block->written_ms = version > kVersionWithoutActions ? reader.Signed() : kUnknownTime;
  ReadSources(&reader, &block->sources);
  ReadTables(&reader, block);
  block->mentions.resize(reader.Count(kMinRowBytes));
  ReadColumns(version, &reader, block);
  if (reader.ok()) ReadActions(version, &reader, block);
  if (!reader.ok() || reader.remaining() != 0) {
    return absl::DataLossError(absl::StrCat("block is malformed, bytes=", bytes.size()));
  }
  return absl::OkStatus();
}

}  // namespace tocsin
