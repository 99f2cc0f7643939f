// tocsin-sentiment-variants: compares every variant of the inner loops that this processor can run with the reference.
// Needs nothing but the standard library, so that aarch64_test.sh can compile it for another processor.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "operators/sentiment/kernels.h"
#include "operators/sentiment/sentiment_features.h"
#include "tests/operators/sentiment/reference_features.h"
#include "tests/operators/sentiment/sample_texts.h"

namespace tocsin {
namespace {

size_t WrongFeatures(const SentimentKernels& kernels, const std::vector<std::string>& texts) {
  const auto features = std::make_unique<SentimentFeatures>();
  size_t wrong = 0;
  for (const std::string& text : texts) {
    features->Extract(text, kernels);
    std::vector<uint32_t> found(features->hashes().begin(), features->hashes().end());
    std::sort(found.begin(), found.end());
    wrong += found != ReferenceFeatures(text) ? 1U : 0U;
  }
  return wrong;
}

size_t WrongSums(const SentimentKernels& kernels) {
  std::mt19937_64 random(1);
  size_t wrong = 0;
  for (int i = 0; i < 300; ++i) {
    const auto bits = static_cast<uint32_t>(8 + random() % 8);
    std::vector<uint8_t> weights((size_t{1} << bits) * 3 + 1);
    for (uint8_t& weight : weights) weight = i % 5 == 0 ? 255 : static_cast<uint8_t>(random());
    std::vector<uint32_t> hashes(i % 7 == 0 ? random() % 9'000 : random() % 60);
    for (uint32_t& hash : hashes) hash = static_cast<uint32_t>(random());
    std::array<int64_t, 3> expected{};
    for (const uint32_t hash : hashes) {
      for (size_t c = 0; c < 3; ++c) expected[c] += weights[size_t{hash >> (32 - bits)} * 3 + c];
    }
    wrong += kernels.SumBuckets(weights.data(), bits, hashes) != expected ? 1U : 0U;
  }
  return wrong;
}

int Compare() {
  std::vector<std::string> texts = SampleTexts(3'000, 400, 4);
  for (const std::string& text : SampleTexts(30, 9'000, 2)) texts.push_back(text);
  int result = 0;
  for (const SentimentKernels* const kernels : RunnableKernels()) {
    const size_t features = WrongFeatures(*kernels, texts);
    const size_t sums = WrongSums(*kernels);
    std::printf("variant=%s texts=%zu wrong_features=%zu wrong_sums=%zu\n", std::string(kernels->name).c_str(),
                texts.size(), features, sums);
    if (features + sums > 0) result = 1;
  }
  return result;
}

}  // namespace
}  // namespace tocsin

int main() { return tocsin::Compare(); }
