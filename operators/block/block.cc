#include "operators/block/block.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/log/check.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"
#include "engine/base/varint.h"
#include "operators/block/block_format.h"

namespace tocsin {
namespace {

using namespace block_format;  // NOLINT(google-build-using-namespace): all of it is for here

size_t SignedBytes(int64_t value) { return VarintBytes(Zigzag(value)); }

void WriteSources(absl::Span<const SourceRange> sources, ByteWriter* writer) {
  writer->Varint(sources.size());
  for (const SourceRange& source : sources) {
    const bool has_time = source.highest_event_time_ms != kUnknownTime;
    writer->String(source.topic);
    writer->Signed(source.partition);
    writer->Varint(source.epoch);
    writer->Signed(source.from);
    writer->Signed(WrappingMinus(source.to, source.from));
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
  return 1 + 3 * 8 + (row.root_hash != 0 ? 8 : 0) + 1 + 1 + 2 +
         SignedBytes(WrappingMinus(row.event_time_ms, time_before)) +
         SignedBytes(WrappingMinus(row.offset, offset_before)) + VarintBytes(row.reach) + VarintBytes(row.terms) +
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
    writer->Signed(WrappingMinus(row.event_time_ms, time));
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
    writer->Signed(WrappingMinus(row.offset, before));
    before = row.offset;
  }
  for (const Mention& row : rows) {
    if (row.sample >= 0) writer->Varint(tables.sample_of[static_cast<size_t>(row.sample)]);
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

}  // namespace

void EncodeSample(const Sample& sample, std::string* out) {
  ByteWriter writer(out);
  for (const std::string_view field :
       {sample.post_id, sample.author_handle, sample.text, sample.hashtags, sample.url}) {
    writer.String(field);
  }
}

uint32_t BlockBuilder::BrandIndex(uint32_t number, std::string_view brand_id) {
  if (number >= brand_index_.size()) brand_index_.resize(number + size_t{1});
  uint32_t& index = brand_index_[number];
  if (index < brand_numbers_.size() && brand_numbers_[index] == number) {
    DCHECK_EQ(brands_[index], brand_id);
    return index;
  }
  index = static_cast<uint32_t>(brand_numbers_.size());
  brand_numbers_.push_back(number);
  brands_.emplace_back(brand_id);
  bytes_ += VarintBytes(brand_id.size()) + brand_id.size();
  return index;
}

void BlockBuilder::AddAction(const BlockAction& action, std::string_view brand_id) {
  BlockAction& added = actions_.emplace_back(action);
  added.brand = BrandIndex(action.brand, brand_id);
  added.text = {};
  action_texts_.emplace_back(action.text);
  bytes_ += action.text.size() + 4 * kMaxVarintBytes;
}

void BlockBuilder::Add(const Mention& mention, std::string_view brand_id, const Sample* sample) {
  encoded_sample_.clear();
  if (sample != nullptr) EncodeSample(*sample, &encoded_sample_);
  AddEncoded(mention, brand_id, encoded_sample_);
}

void BlockBuilder::AddEncoded(const Mention& mention, std::string_view brand_id, std::string_view sample) {
  const int64_t time_before = mentions_.empty() ? 0 : mentions_.back().event_time_ms;
  Mention& row = mentions_.emplace_back(mention);
  row.brand = BrandIndex(mention.brand, brand_id);
  row.sample = -1;
  if (!sample.empty()) {
    if (sample_ends_.empty() || SampleBytes(sample_ends_.size() - 1) != sample) {
      bytes_ += sample.size();
      sample_bytes_.append(sample);
      sample_ends_.push_back(sample_bytes_.size());
    }
    row.sample = static_cast<int32_t>(sample_ends_.size()) - 1;
  }
  bytes_ += RowBytes(row, time_before, row.offset - 1, brands_.size());
}

void BlockBuilder::Clear() {
  mentions_.clear();
  actions_.clear();
  action_texts_.clear();
  brands_.clear();
  sample_bytes_.clear();
  sample_ends_.clear();
  brand_numbers_.clear();
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
  size_t first = 0;
  for (size_t part = 0; part < ends.size(); ++part) {
    const absl::Span<const Mention> rows = absl::MakeConstSpan(mentions_).subspan(first, ends[part] - first);
    first = ends[part];
    tables.Reset(brands_.size(), sample_ends_.size());
    const absl::Span<const BlockAction> actions =
        part == 0 ? absl::MakeConstSpan(actions_) : absl::Span<const BlockAction>();
    for (const BlockAction& action : actions) tables.TakeBrand(action.brand);
    for (const Mention& row : rows) tables.Take(row);
    std::string& out = (*parts)[part];
    out.clear();
    out.reserve(std::min(fixed_bytes + bytes_, max_part_bytes));
    ByteWriter writer(&out);
    writer.Byte(kVersion);
    writer.Fixed64(0);  // the checksum, in the end
    writer.Fixed64(config_version);
    writer.Varint(part);
    writer.Varint(ends.size());
    writer.Signed(written_ms_);
    out.append(head);
    writer.Varint(tables.brands.size());
    for (const uint32_t brand : tables.brands) writer.String(brands_[brand]);
    writer.Varint(tables.samples.size());
    for (const uint32_t sample : tables.samples) out.append(SampleBytes(sample));
    writer.Varint(rows.size());
    WriteColumns(rows, sources, tables, &writer);
    WriteActions(actions, action_texts_, tables, &writer);
    const uint64_t checksum = Hash64(std::string_view{out}.substr(kPrefixBytes));
    std::memcpy(out.data() + 1, &checksum, sizeof(checksum));
  }
}

}  // namespace tocsin
