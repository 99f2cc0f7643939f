#include "operators/sentiment/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "operators/sentiment/linear_table.h"
#include "operators/sentiment/sentiment_features.h"
#include "operators/sentiment/token_hash.h"
#include "tests/operators/sentiment/reference_features.h"
#include "tests/operators/sentiment/sample_texts.h"

namespace tocsin {
namespace {

TEST(KernelsTest, PortableOnesRunEverywhereAndComeFirst) {
  ASSERT_FALSE(RunnableKernels().empty());
  EXPECT_EQ(RunnableKernels().front()->name, "portable");
  EXPECT_EQ(&BestKernels(), RunnableKernels().back());
}

TEST(KernelsTest, EveryVariantScansABlockAlike) {
  std::mt19937_64 random(1);
  constexpr char kTelling[] = "azAZ019 _@!?'.-~`[{/:\x1f\x7f\x80\xC3\xE2\xFF";
  for (int i = 0; i < 20'000; ++i) {
    std::array<uint8_t, kScanBlockBytes> in;
    for (uint8_t& byte : in) {
      byte = static_cast<uint8_t>(i % 2 == 0 ? random() : static_cast<uint8_t>(kTelling[random() % sizeof(kTelling)]));
    }
    std::array<uint8_t, kScanBlockBytes> expected;
    ByteMasks expected_masks;
    ScanBlockPortable(in.data(), expected.data(), expected_masks);
    for (const SentimentKernels* const kernels : RunnableKernels()) {
      std::array<uint8_t, kScanBlockBytes> out;
      ByteMasks masks;
      kernels->ScanBlock(in.data(), out.data(), masks);
      ASSERT_EQ(out, expected) << kernels->name;
      ASSERT_EQ(std::memcmp(&masks, &expected_masks, sizeof(masks)), 0) << kernels->name;
    }
  }
}

TEST(KernelsTest, EveryVariantHashesTokensAlike) {
  // Goal: words, symbols, mentions and links of any length and number. Method: against the plain variant.
  std::mt19937_64 random(5);
  for (int i = 0; i < 5'000; ++i) {
    const size_t count = 1 + random() % 40;
    std::vector<uint8_t> text;
    std::vector<uint8_t> normal;
    std::vector<uint16_t> begin;
    std::vector<uint16_t> end;
    for (size_t token = 0; token < count; ++token) {
      const uint64_t kind = random() % 8;
      const size_t size = kind < 2 ? 1 : 1 + random() % (i % 2 == 0 ? 12 : 40);
      begin.push_back(static_cast<uint16_t>(text.size()));
      for (size_t at = 0; at < size; ++at) {
        text.push_back(kind == 0 ? '@' : (kind == 1 ? kLinkByte : static_cast<uint8_t>(0x21 + random() % 90)));
        normal.push_back(kind < 4 ? ' ' : static_cast<uint8_t>('a' + random() % 26));
      }
      end.push_back(static_cast<uint16_t>(text.size()));
      text.push_back(' ');
      normal.push_back(' ');
    }
    text.resize(text.size() + 16);
    normal.resize(normal.size() + 16);
    begin.resize(count + SentimentKernels::kTokenSlack);
    end.resize(count + SentimentKernels::kTokenSlack);
    const TokenSpans spans = {normal.data(), text.data(), begin.data(), end.data(), count};
    const auto run = [&](const auto& hash) {
      std::vector<uint64_t> hashes(count + SentimentKernels::kTokenSlack);
      std::vector<uint32_t> features(2 * count - 1 + SentimentKernels::kTokenSlack);
      hash(spans, hashes.data(), features.data());
      hashes.resize(count);
      features.resize(2 * count - 1);
      return std::pair(hashes, features);
    };
    const auto expected = run(HashTokensPortable);
    for (const SentimentKernels* const kernels : RunnableKernels()) {
      ASSERT_EQ(run(kernels->HashTokens), expected) << kernels->name;
    }
  }
}

TEST(KernelsTest, EveryVariantHashesGramsAlike) {
  // Goal: the grams of every position asked for, no other, at any density. Method: against the formula.
  std::mt19937_64 random(2);
  for (int i = 0; i < 5'000; ++i) {
    std::array<uint8_t, 80> text;
    for (uint8_t& byte : text) byte = static_cast<uint8_t>(random());
    const uint64_t sparse = random();
    const uint64_t four = i % 3 == 0 ? ~uint64_t{0} : sparse & random();
    const uint64_t five = four & random();
    std::vector<uint32_t> expected;
    for (size_t at = 0; at < 64; ++at) {
      uint64_t bytes = 0;
      std::memcpy(&bytes, text.data() + at, sizeof(bytes));
      const auto add = [&expected](uint64_t gram, uint64_t multiplier) {
        expected.push_back(static_cast<uint32_t>((gram * multiplier) >> 32));
      };
      if ((four >> at & 1) != 0) add(bytes & 0xFFFFFFFF, kFourGramMultiplier);
      if ((five >> at & 1) != 0) add(bytes & 0xFFFFFFFFFF, kFiveGramMultiplier);
    }
    std::sort(expected.begin(), expected.end());
    for (const SentimentKernels* const kernels : RunnableKernels()) {
      std::vector<uint32_t> found(128 + SentimentKernels::kGramSlack);
      found.resize(static_cast<size_t>(kernels->HashGrams(text.data(), four, five, found.data()) - found.data()));
      std::sort(found.begin(), found.end());
      ASSERT_EQ(found, expected) << kernels->name;
    }
  }
}

TEST(KernelsTest, EveryVariantSumsBucketsAlike) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    const auto bits = static_cast<uint32_t>(8 + random() % 8);
    std::vector<uint8_t> weights((size_t{1} << bits) * 3 + 1);
    // All 255 fills the lanes as far as they can be.
    for (uint8_t& weight : weights) weight = i % 5 == 0 ? 255 : static_cast<uint8_t>(random());
    std::vector<uint32_t> hashes(i % 7 == 0 ? random() % 9'000 : random() % 60);
    for (uint32_t& hash : hashes) hash = static_cast<uint32_t>(random());
    std::array<int64_t, 3> expected{};
    for (const uint32_t hash : hashes) {
      for (size_t c = 0; c < 3; ++c) expected[c] += weights[size_t{hash >> (32 - bits)} * 3 + c];
    }
    for (const SentimentKernels* const kernels : RunnableKernels()) {
      ASSERT_EQ(kernels->SumBuckets(weights.data(), bits, hashes), expected) << kernels->name;
    }
  }
}

TEST(KernelsTest, EveryVariantFindsTheFeaturesOfTheReference) {
  const auto features = std::make_unique<SentimentFeatures>();
  for (const std::string& text : SampleTexts(2'000, 400, 4)) {
    const std::vector<uint32_t> expected = ReferenceFeatures(text);
    for (const SentimentKernels* const kernels : RunnableKernels()) {
      features->Extract(text, *kernels);
      std::vector<uint32_t> found(features->hashes().begin(), features->hashes().end());
      std::sort(found.begin(), found.end());
      ASSERT_EQ(found, expected) << kernels->name;
    }
  }
}

}  // namespace
}  // namespace tocsin
