// What the sentiment of a post costs: nanoseconds a post of 140 bytes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "operators/sentiment/kernels.h"
#include "operators/sentiment/linear_table.h"
#include "operators/sentiment/sentiment_features.h"
#include "operators/sentiment/sentiment_model.h"
#include "tests/operators/sentiment/reference_features.h"

namespace tocsin {
namespace {

constexpr size_t kPostBytes = 140;
constexpr size_t kPostCount = 8'192;

// Words drawn by Zipf's law, with the mentions, links, tags and marks that posts have.
std::vector<std::string> EnglishPosts() {
  constexpr std::string_view kWords =
      "the to i a and is in it you of for on my at with that this be so just have me not was are we but out up get "
      "like "
      "all day going go now tomorrow today see good your can time new one love what night game know got will from if "
      "how "
      "back when great th may sat happy sunday week tonight friday about there monday think people first last flight "
      "service delayed customer never again worst airline thanks really waiting hours nobody answers watch weekend "
      "season tickets morning excited amazing terrible disappointed definitely don't can't i'm it's you're birthday";
  std::vector<std::string_view> words;
  for (size_t begin = 0; begin < kWords.size();) {
    const size_t end = std::min(kWords.find(' ', begin), kWords.size());
    words.push_back(kWords.substr(begin, end - begin));
    begin = end + 1;
  }
  std::vector<double> frequency;
  for (size_t rank = 0; rank < words.size(); ++rank) frequency.push_back(1.0 / (static_cast<double>(rank) + 3.0));
  std::mt19937_64 random(1);
  std::discrete_distribution<size_t> draw(frequency.begin(), frequency.end());
  std::vector<std::string> posts;
  while (posts.size() < kPostCount) {
    std::string post = random() % 2 == 0 ? "@united " : "";
    while (post.size() < kPostBytes) {
      const uint64_t kind = random() % 24;
      if (kind == 0) post += "#travel ";
      if (kind == 1) post += "https://t.co/Ab3xYz9 ";
      if (kind == 2) post += "\xF0\x9F\x98\x8D ";
      std::string word(words[draw(random)]);
      if (random() % 8 == 0) word[0] = static_cast<char>(word[0] - 0x20);
      post += word;
      post += kind == 3 ? "!! " : (kind == 4 ? "... " : (kind < 8 ? ", " : " "));
    }
    posts.push_back(post.substr(0, kPostBytes));
  }
  return posts;
}

const std::vector<std::string>& Posts() {
  static const std::vector<std::string> posts = EnglishPosts();
  return posts;
}

bool AllEqualReference() {
  static SentimentFeatures features;
  return std::all_of(Posts().begin(), Posts().end(), [](const std::string& post) {
    const std::vector<uint32_t> expected = ReferenceFeatures(post);
    return std::all_of(RunnableKernels().begin(), RunnableKernels().end(), [&](const SentimentKernels* kernels) {
      features.Extract(post, *kernels);
      std::vector<uint32_t> hashes(features.hashes().begin(), features.hashes().end());
      std::sort(hashes.begin(), hashes.end());
      return hashes == expected;
    });
  });
}

bool EqualsReference(benchmark::State& state) {
  static const bool equal = AllEqualReference();
  if (!equal) state.SkipWithError("the features differ from the reference");
  return equal;
}

void CountPosts(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kPostBytes));
}

void EveryVariant(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("variant")->DenseRange(0, static_cast<int64_t>(RunnableKernels().size()) - 1);
}

void BM_SentimentExtract(benchmark::State& state) {
  if (!EqualsReference(state)) return;
  static SentimentFeatures features;
  size_t next = 0;
  for (auto _ : state) {
    features.Extract(Posts()[next++ % kPostCount]);
    benchmark::DoNotOptimize(features.hashes().data());
  }
  CountPosts(state);
}
BENCHMARK(BM_SentimentExtract);

// Features and the sums of an English table's size, with each variant of the inner loops that this processor can run.
void BM_SentimentVariant(benchmark::State& state) {
  if (!EqualsReference(state)) return;
  const SentimentKernels& kernels = *RunnableKernels()[static_cast<size_t>(state.range(0))];
  state.SetLabel(std::string(kernels.name));
  constexpr uint32_t kBits = 18;
  static const std::vector<uint8_t> weights((size_t{1} << kBits) * 3 + 1, 128);
  static SentimentFeatures features;
  size_t next = 0;
  for (auto _ : state) {
    features.Extract(Posts()[next++ % kPostCount], kernels);
    benchmark::DoNotOptimize(SumClassWeights(weights.data(), kBits, features.hashes(), kernels));
  }
  CountPosts(state);
}
BENCHMARK(BM_SentimentVariant)->Apply(EveryVariant);

bool AllVariantsAgree() {
  const SentimentModel& model = SentimentModel::Default();
  return std::all_of(Posts().begin(), Posts().end(), [&model](const std::string& post) {
    const Sentiment expected = model.Classify(post, "en", *RunnableKernels().front());
    return std::all_of(RunnableKernels().begin(), RunnableKernels().end(), [&](const SentimentKernels* kernels) {
      const Sentiment found = model.Classify(post, "en", *kernels);
      return found.label == expected.label && found.scores == expected.scores &&
             found.negativity == expected.negativity;
    });
  });
}

// All that production does for the text of a post: features, sums, words of known tone, class and level, with the
// shipped model, in each variant.
void Classify(benchmark::State& state, std::string_view language) {
  static const bool agree = AllVariantsAgree();
  if (!agree) state.SkipWithError("variants differ");
  if (!agree || !EqualsReference(state)) return;
  const SentimentKernels& kernels = *RunnableKernels()[static_cast<size_t>(state.range(0))];
  state.SetLabel(std::string(kernels.name));
  const SentimentModel& model = SentimentModel::Default();
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(model.Classify(Posts()[next++ % kPostCount], language, kernels));
  }
  CountPosts(state);
}

void BM_SentimentClassify(benchmark::State& state) { Classify(state, "en"); }
BENCHMARK(BM_SentimentClassify)->Apply(EveryVariant);

void BM_SentimentClassifyGuessed(benchmark::State& state) { Classify(state, "und"); }
BENCHMARK(BM_SentimentClassifyGuessed)->Apply(EveryVariant);

void BM_SentimentLoad(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(SentimentModel::Load("operators/sentiment/model/default.model"));
}
BENCHMARK(BM_SentimentLoad)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
