#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "operators/parse/post_parser.h"
#include "tests/operators/parse/random_record.h"
#include "tests/rounds.h"

extern std::atomic<size_t> allocations;  // of tests/operators/match/counting_new.cc

namespace tocsin {
namespace {

TEST(PostParserAllocationTest, AllocatesNothingInSteadyState) {
  for (std::string_view preset : Mapping::PresetNames()) {
    RandomRecords source(Mapping::PresetSpec(preset), 21);
    std::vector<std::string> records;
    constexpr size_t kRecords = Rounds(3'000, 500);
    records.reserve(kRecords);
    for (size_t i = 0; i < kRecords; ++i) records.push_back(source.Next());
    PostParser parser(*Mapping::Preset(preset, std::nullopt), PostParserOptions());
    size_t posts = 0;
    size_t before = 0;
    for (int round = 0; round < 2; ++round) {  // the first round grows the buffers
      before = allocations;
      for (const std::string& record : records) {
        Post post;
        posts += parser.Parse(record, 0, -1, &post) == DropReason::kNone ? 1U : 0U;
      }
    }
    EXPECT_EQ(allocations - before, 0U) << preset;
    EXPECT_GT(posts, records.size() / 5);
  }
}

}  // namespace
}  // namespace tocsin
