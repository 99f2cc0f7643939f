// Blocks of the mentions topic. The checksum is made to fit, else nothing behind it would ever be reached.
//
// What decodes must encode to a block that decodes to the same rows.
#include "absl/log/check.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"
#include "operators/audit/part_assembler.h"
#include "operators/block/block.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/operators/task/post_stream.h"

namespace tocsin {
namespace {

constexpr size_t kPrefixBytes = 9;  // version and checksum

std::string WithChecksum(uint8_t version, std::string_view body) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Byte(version);
  writer.Fixed64(Hash64(body));
  bytes.append(body);
  return bytes;
}

bool SameRow(const Block& left, const Block& right, size_t row) {
  const Mention& a = left.mentions[row];
  const Mention& b = right.mentions[row];
  const bool same = left.brands[a.brand] == right.brands[b.brand] && a.event_time_ms == b.event_time_ms &&
                    a.post_hash == b.post_hash && a.author_hash == b.author_hash && a.text_hash == b.text_hash &&
                    a.root_hash == b.root_hash && a.sentiment == b.sentiment && a.kind == b.kind &&
                    a.network == b.network && a.flags == b.flags && a.language == b.language && a.reach == b.reach &&
                    a.terms == b.terms && a.reasons == b.reasons && a.source == b.source && a.offset == b.offset &&
                    (a.sample < 0) == (b.sample < 0);
  if (!same || a.sample < 0) return same;
  const Sample& x = left.samples[static_cast<size_t>(a.sample)];
  const Sample& y = right.samples[static_cast<size_t>(b.sample)];
  return x.post_id == y.post_id && x.author_handle == y.author_handle && x.text == y.text && x.hashtags == y.hashtags &&
         x.url == y.url;
}

void CheckRoundTrip(const Block& block) {
  BlockBuilder builder;
  builder.set_written_ms(block.written_ms);
  for (const BlockAction& action : block.actions) {
    CHECK_LT(action.brand, block.brands.size());
    builder.AddAction(action, block.brands[action.brand]);
  }
  for (const Mention& mention : block.mentions) {
    CHECK_LT(mention.brand, block.brands.size());
    const Sample* sample = nullptr;
    if (mention.sample >= 0) {
      CHECK_LT(static_cast<size_t>(mention.sample), block.samples.size());
      sample = &block.samples[static_cast<size_t>(mention.sample)];
    }
    builder.Add(mention, block.brands[mention.brand], sample);
  }
  std::vector<std::string> parts;
  builder.Encode(block.config_version, block.sources, size_t{1} << 30, &parts);
  CHECK_EQ(parts.size(), 1u);
  Block again;
  CHECK_OK(DecodeBlock(parts[0], &again));
  CHECK(again.sources == block.sources);
  CHECK_EQ(again.written_ms, block.written_ms);
  CHECK_EQ(again.actions.size(), block.actions.size());
  for (size_t i = 0; i < block.actions.size(); ++i) {
    const BlockAction& a = block.actions[i];
    const BlockAction& b = again.actions[i];
    CHECK(block.brands[a.brand] == again.brands[b.brand] && a.at_ms == b.at_ms && a.source == b.source &&
          a.offset == b.offset && a.text == b.text);
  }
  CHECK_EQ(again.mentions.size(), block.mentions.size());
  for (size_t row = 0; row < block.mentions.size(); ++row) CHECK(SameRow(block, again, row)) << "row " << row;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  StreamOptions stream;
  stream.posts = 60;
  std::vector<std::string> seeds;
  for (const size_t part_bytes : {size_t{1} << 20, size_t{400}}) {
    CutOptions cut;
    cut.flush_ms = 60'000;
    cut.max_part_bytes = part_bytes;
    for (const std::string& record : CutIntoBlocks(MakePosts(stream), cut)) {
      if (seeds.size() < 40) seeds.push_back(record[0] + record.substr(kPrefixBytes));
    }
  }
  return seeds;
}

void FuzzOne(std::string_view input) {
  static auto* const block = new Block();
  DecodeBlock(input, block).IgnoreError();
  const uint8_t version = TakeByte(&input);
  const std::string bytes = WithChecksum(version, input);
  if (!DecodeBlock(bytes, block).ok()) return;
  CheckRoundTrip(*block);
  PartAssembler assembler;
  if (block->parts > 1) {
    (void)assembler.Add(*block, bytes, 0);
    assembler.Preempt(block->sources);
    CHECK(assembler.empty() || block->sources.empty() || assembler.first_offset().has_value());
  }
}

}  // namespace tocsin
