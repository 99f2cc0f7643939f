// The sentiment of a short post in one of a few languages, by a linear model.
//
// A model file holds, for each language, a table of quantised weights over
// hashed words, word pairs and in-word byte n-grams, words of known tone with
// what they add (operators/sentiment/tone_words.h), and one table that guesses
// the language of posts that do not name theirs. From the hashed features on
// everything is integer arithmetic, so any reader of the file comes to the same
// class for the same bytes. The file and the rule of decision are described
// byte-exact in docs/formats/SENTIMENT_MODEL.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "operators/sentiment/kernels.h"
#include "operators/sentiment/ratio_calibration.h"
#include "operators/sentiment/sentiment.h"
#include "operators/sentiment/sentiment_features.h"

namespace tocsin {

// "negative", "neutral", "positive" or "unclassified".
std::string_view SentimentClassName(SentimentClass sentiment_class);

// The class of a review's star rating: 1 and 2 negative, 3 neutral, 4 and 5
// positive; anything else is unclassified.
SentimentClass ClassifyRating(int stars);

struct Sentiment {
  SentimentClass label = SentimentClass::kUnclassified;
  // One-vs-rest scores (negative, neutral, positive) in units of 2^-16; all zero
  // if the language is not covered or the text has no feature.
  std::array<int32_t, 3> scores{};
  // How negative the post is, 0 to kNegativityLevels - 1: the level's share of the way is about the probability that it
  // is negative where 40 % of posts are. Meaningless without a label.
  int negativity = 0;
  // Two-letter code of the language whose table decided, given or guessed;
  // empty if none did. Valid as long as the model.
  std::string_view language;
};

// Immutable, so thread-safe: one instance serves all workers.
class SentimentModel {
 public:
  // Longest text that is read, in bytes; what follows does not count. Bounds the
  // cost of a post. Each thread that classifies keeps 95 KB for it.
  static constexpr size_t kMaxTextBytes = SentimentFeatures::kMaxTextBytes;

  // Maps the file into memory, shared with every process that maps it. Returns
  // NotFound, PermissionDenied or another code of the system's error if it cannot
  // be read, DataLoss if it is truncated or
  // altered, InvalidArgument if its format version is not known here. The file
  // must not be changed in place while the model lives; replace it by rename.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<SentimentModel>> Load(const std::string& path);

  // Reads a model from memory that must outlive it. Errors as Load().
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<SentimentModel>> FromBytes(std::span<const uint8_t> bytes);

  // The model that is shipped inside the binary. Checked once, at first use.
  static const SentimentModel& Default();

  ~SentimentModel();
  SentimentModel(const SentimentModel&) = delete;
  SentimentModel& operator=(const SentimentModel&) = delete;

  // Decides on `text` (UTF-8; any bytes are accepted) in language `lang`, a
  // BCP-47 tag of which only the primary subtag counts. A tag that names no
  // language (empty, "und", "mul", "zxx", private use, malformed) lets the model
  // guess; one that names a language without a table gives kUnclassified, as
  // does a guess below the model's threshold. Allocates nothing; linear in the
  // length of the text.
  [[nodiscard]] Sentiment Classify(std::string_view text, std::string_view lang) const;
  // With given inner loops, for tests and benchmarks. REQUIRES: this processor can run them.
  [[nodiscard]] Sentiment Classify(std::string_view text, std::string_view lang, const SentimentKernels& kernels) const;

  // The decision after further evidence of `weight` hundredths: below 0 the odds that the text is negative, against the
  // other two classes together, are multiplied by e^(|weight| / 100), above 0 those that it is positive. Unchanged
  // where no language decided. Costs a few nanoseconds. REQUIRES: `sentiment` is of this model.
  [[nodiscard]] Sentiment Shift(const Sentiment& sentiment, int weight) const;

  // Calibrated probabilities of the three classes for what Classify() returned; equal ones if no language decided. For
  // people: not the same bits on every machine, so nothing that is published depends on them.
  [[nodiscard]] std::array<double, 3> Probabilities(const Sentiment& sentiment) const;

  // Two-letter code of the language the model takes `text` to be in, or empty if
  // it is not sure or carries no guess table. Valid as long as the model.
  [[nodiscard]] std::string_view GuessLanguage(std::string_view text) const;

  // Two-letter codes of the languages covered, in the file's order.
  [[nodiscard]] std::vector<std::string_view> languages() const;

  // CRC-32 that closes the file: names the model in logs and metrics.
  [[nodiscard]] uint32_t checksum() const;

  // Bytes of the model file.
  [[nodiscard]] size_t size_bytes() const;

  // How the published ratio is to be read where the user has no calibration of their own.
  [[nodiscard]] const RatioCalibration& calibration() const;

  // What the trainer wrote about the model: lines of "key=value".
  [[nodiscard]] std::string_view description() const;

 private:
  struct Layout;
  explicit SentimentModel(std::unique_ptr<Layout> layout);

  std::unique_ptr<const Layout> layout_;
};

}  // namespace tocsin
