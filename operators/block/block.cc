#include "operators/block/block.h"

#include <limits>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"

namespace tocsin {
namespace {

constexpr uint8_t kVersion = 3;
constexpr uint8_t kVersionWithoutReasons = 1;  // these two are still read
constexpr uint8_t kVersionWithoutActions = 2;
constexpr size_t kPrefixBytes = 1 + 8;  // version, checksum of all that follows

// Bits of a row's first byte: sentiment and kind in two bits each, then what is left out or present in later columns.
constexpr uint8_t kKindShift = 2;
constexpr uint8_t kHasRoot = 1 << 4;
constexpr uint8_t kHasSample = 1 << 5;
constexpr uint8_t kSameLanguage = 1 << 6;  // as the row before
constexpr uint8_t kSameSource = 1 << 7;    // as the row before

// Bits of a source's flags.
constexpr uint8_t kSourceIdle = 1 << 0;
constexpr uint8_t kSourceCaughtUp = 1 << 1;
constexpr uint8_t kSourceHasTime = 1 << 2;
constexpr uint8_t kSourceControl = 1 << 3;

constexpr size_t kMinSourceBytes = 13;
constexpr size_t kMinSampleBytes = 5;
constexpr size_t kMinRowBytes = 32;  // of any version
constexpr size_t kMinActionBytes = 5;
constexpr size_t kMaxVarintBytes = 10;

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

size_t SignedBytes(int64_t value) {
  return VarintBytes((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

// Differences wrap instead of overflowing: any pair of values survives the round trip.
int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t Plus(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }

void WriteSources(absl::Span<const SourceRange> sources, ByteWriter* writer) {
  writer->Varint(sources.size());
  for (const SourceRange& source : sources) {
    const bool has_time = source.highest_event_time_ms != kUnknownTime;
    writer->String(source.topic);
    writer->Signed(source.partition);
    writer->Varint(source.epoch);
    writer->Signed(source.from);
    writer->Signed(Minus(source.to, source.from));
    writer->Byte(static_cast<uint8_t>((source.idle ? kSourceIdle : 0) | (source.caught_up ? kSourceCaughtUp : 0) |
                                      (has_time ? kSourceHasTime : 0) | (source.control ? kSourceControl : 0)));
    if (has_time) writer->Signed(source.highest_event_time_ms);
    writer->Signed(source.out_of_orderness_ms);
    writer->Signed(source.max_drag_ms);
    writer->Varint(source.records);
    writer->Varint(source.matched);
    writer->Varint(source.unmatched);
    writer->Varint(source.dead);
    writer->Varint(source.official);
  }
}

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
    source.to = Plus(source.from, reader->Signed());
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

// The rows of one part and the tables that they index, numbered by first appearance in the part.
struct PartTables {
  std::vector<uint32_t> brands;  // builder's index of each brand of the part
  std::vector<uint32_t> samples;
  std::vector<uint32_t> brand_of;  // by builder's index
  std::vector<uint32_t> sample_of;

  static constexpr uint32_t kAbsent = std::numeric_limits<uint32_t>::max();

  void Reset(size_t brand_count, size_t sample_count) {
    brands.clear();
    samples.clear();
    brand_of.assign(brand_count, kAbsent);
    sample_of.assign(sample_count, kAbsent);
  }
  void TakeBrand(uint32_t brand) {
    if (brand_of[brand] != kAbsent) return;
    brand_of[brand] = static_cast<uint32_t>(brands.size());
    brands.push_back(brand);
  }
  void Take(const Mention& row) {
    TakeBrand(row.brand);
    if (row.sample < 0) return;
    const auto sample = static_cast<size_t>(row.sample);
    if (sample_of[sample] == kAbsent) {
      sample_of[sample] = static_cast<uint32_t>(samples.size());
      samples.push_back(static_cast<uint32_t>(sample));
    }
  }
};

// The encoded bytes of a row, with its own share of the tables not counted.
size_t RowBytes(const Mention& row, int64_t time_before, Offset offset_before, size_t tables) {
  return 1 + 3 * 8 + (row.root_hash != 0 ? 8 : 0) + 1 + 1 + 2 + SignedBytes(Minus(row.event_time_ms, time_before)) +
         SignedBytes(Minus(row.offset, offset_before)) + VarintBytes(row.reach) + VarintBytes(row.terms) +
         VarintBytes(row.reasons) + ((row.flags & kAmbiguous) != 0 ? 1 : 0) +
         VarintBytes(static_cast<uint32_t>(row.source)) + VarintBytes(tables) +
         (row.sample >= 0 ? VarintBytes(tables) : 0);
}

// First bytes of the rows, which say what the later columns hold.
void WriteShapes(absl::Span<const Mention> rows, ByteWriter* writer) {
  uint16_t language = 0;
  int32_t source = 0;
  for (const Mention& row : rows) {
    writer->Byte(static_cast<uint8_t>(
        static_cast<uint8_t>(row.sentiment) | (static_cast<uint8_t>(row.kind) << kKindShift) |
        (row.root_hash != 0 ? kHasRoot : 0) | (row.sample >= 0 ? kHasSample : 0) |
        (row.language == language ? kSameLanguage : 0) | (row.source == source ? kSameSource : 0)));
    language = row.language;
    source = row.source;
  }
}

void WriteColumns(absl::Span<const Mention> rows, absl::Span<const SourceRange> sources, const PartTables& tables,
                  ByteWriter* writer) {
  WriteShapes(rows, writer);
  for (const Mention& row : rows) writer->Varint(tables.brand_of[row.brand]);
  int64_t time = 0;
  for (const Mention& row : rows) {
    writer->Signed(Minus(row.event_time_ms, time));
    time = row.event_time_ms;
  }
  for (const Mention& row : rows) writer->Fixed64(row.post_hash);
  for (const Mention& row : rows) writer->Fixed64(row.author_hash);
  for (const Mention& row : rows) writer->Fixed64(row.text_hash);
  for (const Mention& row : rows) {
    if (row.root_hash != 0) writer->Fixed64(row.root_hash);
  }
  for (const Mention& row : rows) writer->Byte(static_cast<uint8_t>(row.network));
  for (const Mention& row : rows) writer->Byte(row.flags);
  for (const Mention& row : rows) writer->Varint(row.reasons);
  for (const Mention& row : rows) {
    if ((row.flags & kAmbiguous) != 0) writer->Byte(row.ambiguity);
  }
  uint16_t language = 0;
  for (const Mention& row : rows) {
    if (row.language != language) {
      writer->Byte(static_cast<uint8_t>(row.language >> 8));
      writer->Byte(static_cast<uint8_t>(row.language & 0xFF));
    }
    language = row.language;
  }
  for (const Mention& row : rows) writer->Varint(row.reach);
  for (const Mention& row : rows) writer->Varint(row.terms);
  int32_t source = 0;
  for (const Mention& row : rows) {
    if (row.source != source) writer->Varint(static_cast<uint32_t>(row.source));
    source = row.source;
  }
  std::vector<Offset> offsets;
  offsets.reserve(sources.size());
  for (const SourceRange& range : sources) offsets.push_back(range.from);
  for (const Mention& row : rows) {
    Offset& before = offsets[static_cast<size_t>(row.source)];
    writer->Signed(Minus(row.offset, before));
    before = row.offset;
  }
  for (const Mention& row : rows) {
    if (row.sample >= 0) writer->Varint(tables.sample_of[static_cast<size_t>(row.sample)]);
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
  for (Mention& row : rows) row.event_time_ms = time = Plus(time, reader->Signed());
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
    row.offset = before = Plus(before, reader->Signed());
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].sample = -1;
    if ((shapes[i] & kHasSample) == 0) continue;
    const uint32_t sample = ReadUint32(reader);
    if (sample >= block->samples.size()) reader->Fail();
    rows[i].sample = static_cast<int32_t>(sample);
  }
}

void WriteActions(absl::Span<const BlockAction> actions, absl::Span<const std::string> texts, const PartTables& tables,
                  ByteWriter* writer) {
  writer->Varint(actions.size());
  for (size_t i = 0; i < actions.size(); ++i) {
    writer->Varint(tables.brand_of[actions[i].brand]);
    writer->Signed(actions[i].at_ms);
    writer->Varint(static_cast<uint32_t>(actions[i].source));
    writer->Signed(actions[i].offset);
    writer->String(texts[i]);
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

uint32_t BlockBuilder::BrandIndex(std::string_view brand_id) {
  const auto found = brand_index_.find(brand_id);
  if (found != brand_index_.end()) return found->second;
  const auto brand = static_cast<uint32_t>(brands_.size());
  brands_.emplace_back(brand_id);
  brand_index_.emplace(brand_id, brand);
  bytes_ += VarintBytes(brand_id.size()) + brand_id.size();
  return brand;
}

void BlockBuilder::AddAction(const BlockAction& action, std::string_view brand_id) {
  BlockAction& added = actions_.emplace_back(action);
  added.brand = BrandIndex(brand_id);
  added.text = {};
  action_texts_.emplace_back(action.text);
  bytes_ += action.text.size() + 4 * kMaxVarintBytes;
}

void BlockBuilder::Add(const Mention& mention, std::string_view brand_id, const Sample* sample) {
  Mention row = mention;
  row.brand = BrandIndex(brand_id);
  row.sample = -1;
  if (sample != nullptr) {
    const size_t begin = sample_bytes_.size();
    ByteWriter writer(&sample_bytes_);
    for (const std::string_view field :
         {sample->post_id, sample->author_handle, sample->text, sample->hashtags, sample->url}) {
      writer.String(field);
    }
    const std::string_view added = std::string_view{sample_bytes_}.substr(begin);
    if (!sample_ends_.empty() && SampleBytes(sample_ends_.size() - 1) == added) {
      sample_bytes_.resize(begin);
    } else {
      bytes_ += added.size();
      sample_ends_.push_back(sample_bytes_.size());
    }
    row.sample = static_cast<int32_t>(sample_ends_.size()) - 1;
  }
  const int64_t time_before = mentions_.empty() ? 0 : mentions_.back().event_time_ms;
  bytes_ += RowBytes(row, time_before, row.offset - 1, brands_.size());
  mentions_.push_back(row);
}

void BlockBuilder::Clear() {
  mentions_.clear();
  actions_.clear();
  action_texts_.clear();
  brands_.clear();
  sample_bytes_.clear();
  sample_ends_.clear();
  brand_index_.erase(brand_index_.begin(), brand_index_.end());  // clear() would give its memory back
  bytes_ = 0;
}

std::string_view BlockBuilder::SampleBytes(size_t sample) const {
  const size_t begin = sample == 0 ? 0 : sample_ends_[sample - 1];
  return std::string_view{sample_bytes_}.substr(begin, sample_ends_[sample] - begin);
}

std::vector<size_t> BlockBuilder::PartEnds(size_t fixed_bytes, size_t source_count, size_t max_part_bytes) const {
  std::vector<size_t> ends;
  std::vector<Offset> offsets(source_count, 0);
  std::vector<bool> brand_taken(brands_.size(), false);
  std::vector<bool> sample_taken(sample_ends_.size(), false);
  size_t part_bytes = fixed_bytes;
  for (const std::string& text : action_texts_) part_bytes += text.size() + 5 * kMaxVarintBytes;
  int64_t time = 0;
  for (size_t i = 0; i < mentions_.size(); ++i) {
    const Mention& row = mentions_[i];
    Offset& offset = offsets[static_cast<size_t>(row.source)];
    const size_t row_bytes = RowBytes(row, time, offset, mentions_.size());
    const size_t sample = row.sample < 0 ? 0 : static_cast<size_t>(row.sample);
    const auto added = [&] {
      return row_bytes + (brand_taken[row.brand] ? 0 : kMaxVarintBytes + brands_[row.brand].size()) +
             (row.sample < 0 || sample_taken[sample] ? 0 : SampleBytes(sample).size());
    };
    const size_t first = ends.empty() ? 0 : ends.back();
    if (i > first && part_bytes + added() > max_part_bytes) {
      ends.push_back(i);
      brand_taken.assign(brands_.size(), false);
      sample_taken.assign(sample_ends_.size(), false);
      part_bytes = fixed_bytes;
    }
    part_bytes += added();
    brand_taken[row.brand] = true;
    if (row.sample >= 0) sample_taken[sample] = true;
    time = row.event_time_ms;
    offset = row.offset;
  }
  ends.push_back(mentions_.size());
  return ends;
}

void BlockBuilder::Encode(uint64_t config_version, absl::Span<const SourceRange> sources, size_t max_part_bytes,
                          std::vector<std::string>* parts) const {
  std::string head;
  ByteWriter head_writer(&head);
  WriteSources(sources, &head_writer);
  // The last term: rows are costed with the row before as their base, which a part's first rows don't have.
  const size_t fixed_bytes =
      kPrefixBytes + 8 + 7 * kMaxVarintBytes + head.size() + kMaxVarintBytes * (sources.size() + 1);
  for (const Mention& row : mentions_) CHECK_LT(static_cast<size_t>(row.source), sources.size());
  for (const BlockAction& action : actions_) CHECK_LT(static_cast<size_t>(action.source), sources.size());
  const std::vector<size_t> ends = PartEnds(fixed_bytes, sources.size(), max_part_bytes);

  parts->resize(ends.size());
  PartTables tables;
  std::string body;
  size_t first = 0;
  for (size_t part = 0; part < ends.size(); ++part) {
    const absl::Span<const Mention> rows = absl::MakeConstSpan(mentions_).subspan(first, ends[part] - first);
    first = ends[part];
    tables.Reset(brands_.size(), sample_ends_.size());
    const absl::Span<const BlockAction> actions =
        part == 0 ? absl::MakeConstSpan(actions_) : absl::Span<const BlockAction>();
    for (const BlockAction& action : actions) tables.TakeBrand(action.brand);
    for (const Mention& row : rows) tables.Take(row);
    body.clear();
    ByteWriter writer(&body);
    writer.Fixed64(config_version);
    writer.Varint(part);
    writer.Varint(ends.size());
    writer.Signed(written_ms_);
    body.append(head);
    writer.Varint(tables.brands.size());
    for (const uint32_t brand : tables.brands) writer.String(brands_[brand]);
    writer.Varint(tables.samples.size());
    for (const uint32_t sample : tables.samples) body.append(SampleBytes(sample));
    writer.Varint(rows.size());
    WriteColumns(rows, sources, tables, &writer);
    WriteActions(actions, action_texts_, tables, &writer);

    std::string& out = (*parts)[part];
    out.clear();
    out.reserve(kPrefixBytes + body.size());
    ByteWriter prefix(&out);
    prefix.Byte(kVersion);
    prefix.Fixed64(Hash64(body));
    out.append(body);
  }
}

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
