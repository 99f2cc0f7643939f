// From a record to rows: nothing is allocated once buffers have grown (but 16 KiB at a time where a flush is beyond a
// megabyte), and for a block no more than the block takes.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "operators/ingest/ingest_chain.h"
#include "operators/match/watchlist_versions.h"

extern std::atomic<size_t> allocations;  // counting_new.cc

namespace tocsin {
namespace {

constexpr int64_t kStartMs = 1'780'272'000'000;
constexpr int kBrands = 200;
constexpr int kPosts = 8'000;
constexpr uint32_t kPartitions = 4;

// Every third mentions a brand, with a hashtag, now and then with reach, so that many become samples.
std::vector<std::string> MakeRecords() {
  std::vector<std::string> records;
  for (int i = 0; i < kPosts; ++i) {
    const std::string about = i % 3 == 0 ? absl::StrCat("#brand", i / 3 % kBrands, " is awful, #never again")
                                         : std::string("the train was on time for once, and nobody minded");
    records.push_back(absl::StrCat(R"({"id":)", 1'000 + i, R"(,"text":")", about, " ", i, R"(","user":{"id":)", i % 977,
                                   R"(,"screen_name":"person_with_a_long_name_)", i, R"(","followers_count":)",
                                   i % 5 == 0 ? 200'000 + i : i,
                                   R"(},"entities":{"urls":[{"expanded_url":"https://example.com/a/long/address/)", i,
                                   R"("}]},"lang":"en","timestamp_ms":")", kStartMs + i * 2, R"("})"));
  }
  return records;
}

class IngestChainAllocationTest : public testing::Test {
 protected:
  IngestChainAllocationTest() {
    std::string yaml = "brands:\n";
    for (int i = 0; i < kBrands; ++i) {
      absl::StrAppend(&yaml, "  - {id: a-brand-with-a-long-id-", i, ", name: B, query: '#brand", i, "'}\n");
    }
    const auto watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
    EXPECT_TRUE(watchlist.ok()) << watchlist.status();
    IngestOptions options;
    options.mentions_partitions = kPartitions;
    chain_ = std::make_unique<IngestChain>(options, std::make_shared<FixedVersions>(*watchlist, 1),
                                           &SentimentModel::Default());
    range_.topic = "posts";
  }

  // Of the first `posts` records, the rows; then the blocks.
  struct Allocated {
    size_t by_rows = 0;
    size_t by_blocks = 0;
  };
  Allocated Flush(size_t posts) {
    Allocated allocated;
    size_t before = allocations;
    for (size_t i = 0; i < posts; ++i) {
      Record record;
      record.value = records_[i];
      record.offset = static_cast<Offset>(i);
      chain_->Process(parser_, record, 0, /*source=*/0);
    }
    allocated.by_rows = allocations - before;
    rows_ = chain_->mention_count();
    range_.to = static_cast<Offset>(posts);
    before = allocations;
    for (uint32_t partition = 0; partition < kPartitions; ++partition) {
      chain_->Build(partition, &builder_);
      builder_.Encode(1, {range_}, size_t{1} << 30, &parts_);
    }
    allocated.by_blocks = allocations - before;
    chain_->Clear();
    return allocated;
  }

  const std::vector<std::string> records_ = MakeRecords();
  PostParser parser_{*Mapping::Preset("twitter_v1", std::nullopt), PostParserOptions()};
  std::unique_ptr<IngestChain> chain_;
  BlockBuilder builder_;
  SourceRange range_;
  std::vector<std::string> parts_;
  size_t rows_ = 0;
};

TEST_F(IngestChainAllocationTest, ARowAllocatesNothingInSteadyState) {
  for (int i = 0; i < 2; ++i) Flush(kPosts);
  EXPECT_EQ(Flush(kPosts).by_rows, 0U);
  EXPECT_EQ(rows_, static_cast<size_t>(kPosts + 2) / 3);
}

TEST_F(IngestChainAllocationTest, ABlockAllocatesForItselfAndNotForItsRows) {
  for (int i = 0; i < 2; ++i) Flush(kPosts);
  // Its tables, and the bytes as they grow; and each brand's long name.
  constexpr size_t kMost = 64 * size_t{kPartitions} + size_t{kBrands};
  EXPECT_LE(Flush(kPosts).by_blocks, kMost);
  EXPECT_GT(rows_, 4 * kMost);
}

}  // namespace
}  // namespace tocsin
