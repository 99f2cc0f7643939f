// A lexicon comes into force with the version of the watchlist that it is in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "operators/ingest/ingest_chain.h"
#include "operators/match/mentions_partition.h"

namespace tocsin {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

FixedVersions::Entry Version(uint64_t id, int64_t effective_ms, std::string_view yaml) {
  auto watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
  EXPECT_TRUE(watchlist.ok()) << watchlist.status();
  return {{.id = id, .config_version = id, .effective_ms = effective_ms}, *std::move(watchlist)};
}

// What `chain` holds for `partition`, as a block. `*bytes` must outlive it.
Block BlockOf(IngestChain* chain, uint32_t partition, std::string* bytes) {
  BlockBuilder builder;
  chain->Build(partition, &builder);
  const std::vector<SourceRange> sources(1);
  std::vector<std::string> parts;
  builder.Encode(2, sources, size_t{1} << 20, &parts);
  EXPECT_EQ(parts.size(), 1u);
  *bytes = parts[0];
  Block block;
  EXPECT_TRUE(DecodeBlock(*bytes, &block).ok());
  return block;
}

// The rows of posts "acme strikes" at 4, 6, 4.999 and 5 s, as a block has them; its brands, if asked for.
std::vector<Mention> Rows(std::vector<FixedVersions::Entry> entries, std::vector<std::string>* brands = nullptr) {
  IngestOptions options;
  options.mentions_partitions = 1;
  IngestChain chain(options, std::make_shared<FixedVersions>(std::move(entries)), &SentimentModel::Default());
  PostParser parser(*Mapping::Preset("generic", std::nullopt), {});
  std::vector<std::string> posts;
  for (const int64_t ms : {4'000, 6'000, 4'999, 5'000}) {
    posts.push_back(
        absl::StrCat(R"({"id": ")", ms, R"(", "time": )", kStartMs + ms, R"(, "text": "acme strikes", "lang": "en"})"));
    Record record;
    record.value = posts.back();
    record.has_value = true;
    record.append_time_ms = kStartMs + ms;
    EXPECT_EQ(chain.Process(parser, record, 0, 0).outcome, IngestChain::Outcome::kMatched);
  }
  std::string bytes;
  const Block block = BlockOf(&chain, 0, &bytes);
  if (brands != nullptr) brands->assign(block.brands.begin(), block.brands.end());
  return block.mentions;
}

TEST(LexiconVersionTest, ALexiconCountsFromTheEventTimeOfItsVersionOn) {
  std::vector<FixedVersions::Entry> entries;
  entries.push_back(Version(1, kFromTheBeginning, "brands: [{id: a, name: A, query: acme}]"));
  entries.push_back(
      Version(2, kStartMs + 5'000, "lexicon: [{terms: [acme], weight: -4}]\nbrands: [{id: a, name: A, query: acme}]"));
  std::vector<bool> negative;
  for (const Mention& row : Rows(std::move(entries))) negative.push_back(row.sentiment == SentimentClass::kNegative);
  EXPECT_THAT(negative, ::testing::ElementsAre(false, true, false, true));
}

TEST(LexiconVersionTest, TypesCountFromTheEventTimeOfTheirVersionOn) {
  constexpr std::string_view kBrand = "\nbrands: [{id: a, name: A, query: acme}]";
  std::vector<FixedVersions::Entry> entries;
  entries.push_back(Version(1, kFromTheBeginning,
                            absl::StrCat("types: [{type: misconduct, terms: [strikes]}, {type: walkout, terms: [acme "
                                         "strikes], lang: en}]",
                                         kBrand)));
  entries.push_back(
      Version(2, kStartMs + 5'000,
              absl::StrCat("types: [{type: fees, terms: [bank]}, {type: walkout, terms: [strikes]}]", kBrand)));
  std::vector<uint32_t> terms;
  for (const Mention& row : Rows(std::move(entries))) terms.push_back(row.terms);
  constexpr uint32_t kOwn = uint32_t{1} << kOwnTypeShift;
  const uint32_t before = kMisconductTerm | kOwn;
  EXPECT_THAT(terms, ::testing::ElementsAre(before, kOwn << 1, before, kOwn << 1));
}

TEST(LexiconVersionTest, ABrandOfTwoVersionsIsOneOfTheBlock) {
  std::vector<FixedVersions::Entry> entries;
  entries.push_back(
      Version(1, kFromTheBeginning, "brands: [{id: b, name: B, query: bolt}, {id: c, name: C, query: acme}]"));
  entries.push_back(Version(
      2, kStartMs + 5'000,
      "brands: [{id: a, name: A, query: strikes}, {id: b, name: B, query: bolt}, {id: c, name: C, query: acme}]"));
  std::vector<std::string> brands;
  std::vector<std::string> found;
  for (const Mention& row : Rows(std::move(entries), &brands)) found.push_back(brands[row.brand]);
  EXPECT_THAT(found, ::testing::ElementsAre("c", "a", "c", "c", "a", "c"));
  EXPECT_THAT(brands, ::testing::UnorderedElementsAre("a", "c"));
}

TEST(LexiconVersionTest, ABrandThatMovesToAnotherSectorKeepsItsNameInAnotherPartition) {
  constexpr uint32_t kPartitions = 64;
  std::vector<FixedVersions::Entry> entries;
  entries.push_back(Version(1, kFromTheBeginning, "brands: [{id: c, name: C, sector: rail, query: acme}]"));
  entries.push_back(Version(2, kStartMs + 5'000, "brands: [{id: c, name: C, sector: bank, query: acme}]"));
  std::vector<uint32_t> partitions;
  partitions.reserve(entries.size());
  for (const FixedVersions::Entry& entry : entries) {
    partitions.push_back(MentionsPartition(entry.second->brands()[0], kPartitions));
  }
  ASSERT_NE(partitions[0], partitions[1]);
  IngestOptions options;
  options.mentions_partitions = kPartitions;
  IngestChain chain(options, std::make_shared<FixedVersions>(std::move(entries)), &SentimentModel::Default());
  PostParser parser(*Mapping::Preset("generic", std::nullopt), {});
  for (const int64_t ms : {4'000, 6'000}) {
    const std::string post =
        absl::StrCat(R"({"id": ")", ms, R"(", "time": )", kStartMs + ms, R"(, "text": "acme", "lang": "en"})");
    Record record;
    record.value = post;
    record.has_value = true;
    EXPECT_EQ(chain.Process(parser, record, 0, 0).outcome, IngestChain::Outcome::kMatched);
  }
  for (size_t version = 0; version < 2; ++version) {
    std::string bytes;
    const Block block = BlockOf(&chain, partitions[version], &bytes);
    ASSERT_EQ(block.mentions.size(), 1U);
    EXPECT_EQ(block.brands[block.mentions[0].brand], "c");
    EXPECT_EQ(block.mentions[0].event_time_ms, kStartMs + (version == 0 ? 4'000 : 6'000));
  }
}

}  // namespace
}  // namespace tocsin
