#include "operators/block/block.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status_matchers.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::SizeIs;

constexpr size_t kNoLimit = size_t{1} << 30;

// What goes into a builder and what must come out of the decoder.
struct Content {
  std::vector<Mention> mentions;  // brand indexes `brands`, sample `samples`
  std::vector<std::string> brands;
  std::vector<Sample> samples;
  std::vector<SourceRange> sources;
};

std::string RandomText(std::mt19937_64& random, size_t longest) {
  std::string text(random() % (longest + 1), ' ');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// Owns the strings that samples refer to.
class ContentMaker {
 public:
  explicit ContentMaker(uint64_t seed) : random_(seed) {}

  // `wild`: values over the whole range of their types instead of plausible ones.
  Content Make(size_t rows, bool wild) {
    Content content;
    const size_t sources = 1 + random_() % 4;
    for (size_t i = 0; i < sources; ++i) content.sources.push_back(MakeSource(static_cast<int32_t>(i), wild));
    const size_t brands = 1 + random_() % 40;
    for (size_t i = 0; i < brands; ++i) content.brands.push_back("brand-" + std::to_string(i));
    int64_t time = 1'700'000'000'000;
    for (size_t i = 0; i < rows; ++i) {
      time += static_cast<int64_t>(random_() % 2'000) - 900;
      content.mentions.push_back(MakeMention(&content, time, wild));
    }
    return content;
  }

 private:
  SourceRange MakeSource(int32_t partition, bool wild) {
    SourceRange source;
    source.topic = "posts-" + std::to_string(random_() % 3);
    source.partition = partition;
    source.epoch = static_cast<uint32_t>(random_() % 3);
    source.from = static_cast<Offset>(random_() % 1'000'000'000);
    source.to = source.from + static_cast<Offset>(random_() % 5'000);
    source.highest_event_time_ms = random_() % 4 == 0 ? kUnknownTime
                                   : wild             ? static_cast<int64_t>(random_())
                                                      : 1'700'000'000'000;
    source.out_of_orderness_ms = 2'000;
    source.max_drag_ms = 60'000;
    source.idle = random_() % 2 == 0;
    source.caught_up = random_() % 2 == 0;
    source.records = static_cast<uint32_t>(random_());
    source.matched = static_cast<uint32_t>(random_());
    source.unmatched = static_cast<uint32_t>(random_());
    source.dead = static_cast<uint32_t>(random_());
    source.official = static_cast<uint32_t>(random_());
    return source;
  }

  Mention MakeMention(Content* content, int64_t time, bool wild) {
    Mention mention;
    mention.brand = static_cast<uint32_t>(random_() % content->brands.size());
    mention.event_time_ms = wild ? static_cast<int64_t>(random_()) : time;
    mention.post_hash = random_();
    mention.author_hash = random_();
    mention.text_hash = random_();
    mention.root_hash = random_() % 3 == 0 ? random_() : 0;
    mention.sentiment = static_cast<SentimentClass>(random_() % 4);
    mention.kind = static_cast<PostKind>(random_() % 4);
    mention.network = static_cast<Network>(random_() % 14);
    mention.flags = static_cast<uint8_t>(random_() % 32);
    mention.reasons = static_cast<uint16_t>(random_() % (1 << kMatchReasonBits));
    mention.ambiguity = (mention.flags & kAmbiguous) != 0 ? static_cast<uint8_t>(1 + random_() % 100) : 0;
    mention.language = random_() % 5 == 0 ? uint16_t{0x6672} : uint16_t{0x656e};
    mention.reach = wild ? static_cast<uint32_t>(random_()) : static_cast<uint32_t>(random_() % 3'000);
    mention.terms = static_cast<uint32_t>(random_() % 64);
    mention.source = static_cast<int32_t>(random_() % content->sources.size());
    const SourceRange& source = content->sources[static_cast<size_t>(mention.source)];
    mention.offset = wild ? static_cast<Offset>(random_()) : source.from + static_cast<Offset>(random_() % 500);
    if (random_() % 10 == 0) {
      Sample sample;
      sample.post_id = Keep(RandomText(random_, 20));
      sample.author_handle = Keep(RandomText(random_, 15));
      sample.text = Keep(RandomText(random_, 280));
      sample.hashtags = Keep(RandomText(random_, 30));
      sample.url = Keep(RandomText(random_, 60));
      mention.sample = static_cast<int32_t>(content->samples.size());
      content->samples.push_back(sample);
    }
    return mention;
  }

  std::string_view Keep(std::string text) {
    kept_.push_back(std::make_unique<std::string>(std::move(text)));
    return *kept_.back();
  }

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

void Fill(const Content& content, BlockBuilder* builder) {
  for (const Mention& mention : content.mentions) {
    builder->Add(mention, content.brands[mention.brand],
                 mention.sample < 0 ? nullptr : &content.samples[static_cast<size_t>(mention.sample)]);
  }
}

std::vector<std::string> EncodeContent(const Content& content, size_t max_part_bytes) {
  BlockBuilder builder;
  Fill(content, &builder);
  std::vector<std::string> parts;
  builder.Encode(0x1234'5678'9abc'def0, content.sources, max_part_bytes, &parts);
  return parts;
}

void ExpectSameSample(const Sample& actual, const Sample& expected) {
  EXPECT_EQ(actual.post_id, expected.post_id);
  EXPECT_EQ(actual.author_handle, expected.author_handle);
  EXPECT_EQ(actual.text, expected.text);
  EXPECT_EQ(actual.hashtags, expected.hashtags);
  EXPECT_EQ(actual.url, expected.url);
}

// `row` of `block` is `expected` of `content`, but for the numbering of the tables.
void ExpectSameRow(const Block& block, const Mention& row, const Content& content, const Mention& expected) {
  EXPECT_EQ(block.brands[row.brand], content.brands[expected.brand]);
  EXPECT_EQ(row.event_time_ms, expected.event_time_ms);
  EXPECT_EQ(row.post_hash, expected.post_hash);
  EXPECT_EQ(row.author_hash, expected.author_hash);
  EXPECT_EQ(row.text_hash, expected.text_hash);
  EXPECT_EQ(row.root_hash, expected.root_hash);
  EXPECT_EQ(row.sentiment, expected.sentiment);
  EXPECT_EQ(row.kind, expected.kind);
  EXPECT_EQ(row.network, expected.network);
  EXPECT_EQ(row.flags, expected.flags);
  EXPECT_EQ(row.reasons, expected.reasons);
  EXPECT_EQ(row.ambiguity, expected.ambiguity);
  EXPECT_EQ(row.language, expected.language);
  EXPECT_EQ(row.reach, expected.reach);
  EXPECT_EQ(row.terms, expected.terms);
  EXPECT_EQ(row.source, expected.source);
  EXPECT_EQ(row.offset, expected.offset);
  ASSERT_EQ(row.sample >= 0, expected.sample >= 0);
  if (row.sample >= 0) {
    ExpectSameSample(block.samples[static_cast<size_t>(row.sample)],
                     content.samples[static_cast<size_t>(expected.sample)]);
  }
}

void ExpectPartsHold(const std::vector<std::string>& parts, const Content& content) {
  size_t next = 0;
  Block block;
  for (size_t part = 0; part < parts.size(); ++part) {
    ASSERT_THAT(DecodeBlock(parts[part], &block), IsOk());
    EXPECT_EQ(block.config_version, 0x1234'5678'9abc'def0u);
    EXPECT_EQ(block.part, part);
    EXPECT_EQ(block.parts, parts.size());
    EXPECT_EQ(block.sources, content.sources);
    for (const Mention& row : block.mentions) {
      ASSERT_LT(next, content.mentions.size());
      ExpectSameRow(block, row, content, content.mentions[next++]);
    }
  }
  EXPECT_EQ(next, content.mentions.size());
}

TEST(BlockTest, ReturnsWhatWasAdded) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    ContentMaker maker(seed);
    const Content content = maker.Make(seed % 7 * 40, seed % 2 == 0);
    const std::vector<std::string> parts = EncodeContent(content, kNoLimit);
    EXPECT_THAT(parts, SizeIs(1));
    ExpectPartsHold(parts, content);
  }
}

TEST(BlockTest, AnEmptyBlockCarriesItsSources) {
  Content content;
  SourceRange source;
  source.topic = "posts";
  source.from = source.to = 42;
  source.idle = true;
  content.sources = {source};
  ExpectPartsHold(EncodeContent(content, 100), content);
}

TEST(BlockTest, PartsKeepWithinTheLimitAndRecombine) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    ContentMaker maker(seed);
    const Content content = maker.Make(400, seed % 2 == 0);
    const size_t limit = 1'500 + seed * 300;
    const std::vector<std::string> parts = EncodeContent(content, limit);
    EXPECT_GT(parts.size(), 1u);
    for (const std::string& part : parts) EXPECT_LE(part.size(), limit);
    ExpectPartsHold(parts, content);
  }
}

TEST(BlockTest, ARowLargerThanTheLimitIsAPartOfItsOwn) {
  ContentMaker maker(3);
  const Content content = maker.Make(5, false);
  const std::vector<std::string> parts = EncodeContent(content, 10);
  EXPECT_THAT(parts, SizeIs(5));
  ExpectPartsHold(parts, content);
}

TEST(BlockTest, TheSameSampleInARowOfBrandsIsStoredOnce) {
  Content content;
  content.sources.emplace_back();
  content.brands = {"a", "b", "c"};
  const std::string text(400, 'x');
  content.samples.push_back(Sample{.post_id = "1", .author_handle = "who", .text = text, .hashtags = "", .url = ""});
  for (uint32_t brand = 0; brand < 3; ++brand) {
    Mention mention;
    mention.brand = brand;
    mention.sample = 0;
    content.mentions.push_back(mention);
  }
  const std::vector<std::string> parts = EncodeContent(content, kNoLimit);
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_LT(parts[0].size(), 2 * text.size());
  ExpectPartsHold(parts, content);
}

TEST(BlockTest, ABuilderIsEmptyAfterClear) {
  ContentMaker maker(5);
  BlockBuilder builder;
  Fill(maker.Make(100, false), &builder);
  builder.Clear();
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.size_bytes(), 0u);
  const Content content = maker.Make(50, false);
  Fill(content, &builder);
  std::vector<std::string> parts;
  builder.Encode(0x1234'5678'9abc'def0, content.sources, kNoLimit, &parts);
  ExpectPartsHold(parts, content);
}

// A part without actions, and with one row without reasons, as an older version wrote it. Version 2 has neither the
// time of writing, ten bytes if that is unknown, nor actions, here one byte; version 1 no column of reasons either: the
// byte before the row's last five.
std::string AsOfVersion(std::string part, char version) {
  constexpr size_t kPrefix = 9;
  constexpr size_t kBehindReasons = 5;
  constexpr size_t kBeforeWritten = kPrefix + 8 + 1 + 1;
  EXPECT_EQ(part.back(), '\0');
  part.pop_back();
  part.erase(kBeforeWritten, 10);
  if (version == 1) {
    EXPECT_EQ(part[part.size() - kBehindReasons - 1], '\0');
    part.erase(part.size() - kBehindReasons - 1, 1);
  }
  part[0] = version;
  const uint64_t checksum = Hash64(std::string_view{part}.substr(kPrefix));
  std::memcpy(part.data() + 1, &checksum, sizeof(checksum));
  return part;
}

TEST(BlockTest, BlocksOfOlderVersionsAreStillRead) {
  SourceRange source;
  source.topic = "posts";
  source.from = 7;
  source.to = 8;
  Mention mention;
  mention.flags = kVerified;
  mention.language = 0x656e;
  mention.reach = 5;
  mention.terms = kSafetyTerm;
  mention.offset = 7;
  BlockBuilder builder;
  builder.Add(mention, "acme", nullptr);
  std::vector<std::string> parts;
  builder.Encode(1, {&source, 1}, kNoLimit, &parts);
  for (const char version : {'\1', '\2'}) {
    Block block;
    ASSERT_THAT(DecodeBlock(AsOfVersion(parts[0], version), &block), IsOk());
    ASSERT_EQ(block.mentions.size(), 1u);
    EXPECT_EQ(block.mentions[0].flags, kVerified);
    EXPECT_EQ(block.mentions[0].reasons, 0);
    EXPECT_EQ(block.mentions[0].language, mention.language);
    EXPECT_EQ(block.mentions[0].offset, mention.offset);
    EXPECT_EQ(block.written_ms, kUnknownTime);
    EXPECT_TRUE(block.actions.empty());
  }
}

TEST(BlockTest, ActionsAreInTheFirstPartWithTheTimeOfWriting) {
  std::vector<SourceRange> sources(2);
  sources[0].topic = "posts";
  sources[1].topic = "tocsin.actions";
  sources[1].control = true;
  BlockBuilder builder;
  builder.set_written_ms(1'795'132'800'000);
  for (uint64_t i = 0; i < 100; ++i) {
    Mention mention;
    mention.post_hash = i;
    builder.Add(mention, "acme", nullptr);
  }
  builder.AddAction({.brand = 1, .at_ms = -5, .source = 1, .offset = 17, .text = "{}"}, "bolt");
  builder.AddAction({.brand = 0, .at_ms = 7, .source = 1, .offset = 18, .text = "{\"a\":1}"}, "acme");
  EXPECT_FALSE(builder.empty());
  std::vector<std::string> parts;
  builder.Encode(1, sources, 1'000, &parts);
  ASSERT_GT(parts.size(), 2u);
  Block block;
  size_t rows = 0;
  for (size_t part = parts.size(); part-- > 0;) {
    ASSERT_THAT(DecodeBlock(parts[part], &block), IsOk());
    EXPECT_LE(parts[part].size(), 1'000u);
    EXPECT_EQ(block.written_ms, 1'795'132'800'000);
    EXPECT_EQ(block.sources, sources);
    EXPECT_EQ(block.actions.size(), part == 0 ? 2u : 0u);
    rows += block.mentions.size();
  }
  EXPECT_EQ(rows, 100u);
  EXPECT_EQ(block.brands[block.actions[0].brand], "bolt");
  EXPECT_EQ(block.brands[block.actions[1].brand], "acme");
  EXPECT_EQ(block.actions[0].at_ms, -5);
  EXPECT_EQ(block.actions[0].source, 1);
  EXPECT_EQ(block.actions[0].offset, 17);
  EXPECT_EQ(block.actions[1].text, "{\"a\":1}");
  builder.Clear();
  EXPECT_TRUE(builder.empty());
}

TEST(BlockTest, TheSizeIsKnownBeforeEncoding) {
  ContentMaker maker(6);
  const Content content = maker.Make(2'000, false);
  BlockBuilder builder;
  Fill(content, &builder);
  std::vector<std::string> parts;
  builder.Encode(1, content.sources, kNoLimit, &parts);
  EXPECT_GT(builder.size_bytes(), parts[0].size() * 9 / 10);
  EXPECT_LT(builder.size_bytes(), parts[0].size() * 12 / 10);
}

TEST(BlockTest, APlausibleRowTakesLessThan64Bytes) {
  ContentMaker maker(7);
  Content content = maker.Make(2'000, false);
  for (Mention& mention : content.mentions) mention.sample = -1;
  const std::vector<std::string> parts = EncodeContent(content, kNoLimit);
  EXPECT_LT(parts[0].size() / content.mentions.size(), 64u);
}

TEST(BlockTest, EveryAlteredByteIsFound) {
  ContentMaker maker(8);
  const std::string good = EncodeContent(maker.Make(30, false), kNoLimit)[0];
  Block block;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      EXPECT_THAT(DecodeBlock(bad, &block), StatusIs(absl::StatusCode::kDataLoss)) << "byte " << i;
    }
  }
}

TEST(BlockTest, EveryTruncationIsFound) {
  ContentMaker maker(9);
  const std::string good = EncodeContent(maker.Make(30, false), kNoLimit)[0];
  Block block;
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(DecodeBlock(std::string_view{good}.substr(0, size), &block), StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(DecodeBlock(good + '\0', &block), StatusIs(absl::StatusCode::kDataLoss));
}

// A checksum keeps accidents out; this one looks behind it.
TEST(BlockTest, MalformedBytesUnderARightChecksumNeverCrash) {
  std::mt19937_64 random(10);
  ContentMaker maker(10);
  Block block;
  for (int round = 0; round < 20'000; ++round) {
    std::string body;
    if (round % 2 == 0) {
      body = RandomText(random, 200);
    } else {
      body = EncodeContent(maker.Make(random() % 8, false), kNoLimit)[0].substr(9);
      for (uint64_t flips = 1 + random() % 4; flips > 0; --flips)
        body[random() % body.size()] = static_cast<char>(random());
    }
    std::string bytes;
    ByteWriter writer(&bytes);
    writer.Byte(static_cast<uint8_t>(1 + random() % 3));
    writer.Fixed64(Hash64(body));
    bytes += body;
    const absl::Status status = DecodeBlock(bytes, &block);
    if (status.ok()) {
      for (const Mention& row : block.mentions) {
        ASSERT_LT(row.brand, block.brands.size());
        ASSERT_LT(static_cast<size_t>(row.source), block.sources.size());
        ASSERT_LT(row.sample, static_cast<int32_t>(block.samples.size()));
      }
      for (const BlockAction& action : block.actions) {
        ASSERT_LT(action.brand, block.brands.size());
        ASSERT_LT(static_cast<size_t>(action.source), block.sources.size());
      }
    } else {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    }
  }
}

}  // namespace
}  // namespace tocsin
