// Learns linear support vector machines for several languages at once, by dual
// coordinate descent (Hsieh et al., ICML 2008, algorithm 1, squared hinge loss).
//
// The weights of a language are the sum of a part that all languages share and a
// part of its own (Evgeniou and Pontil, KDD 2004; Daume III, ACL 2007): n-grams
// that mean the same everywhere (emoji, loan words, cognates) are learnt from
// every post, the rest from the language's own. After training both parts are
// added up, so a classifier needs one table per language.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tocsin {

// Posts as sparse rows; the features of row i are [row_begin[i], row_begin[i+1]).
struct TrainingSet {
  std::vector<uint32_t> bucket;
  std::vector<float> value;
  std::vector<size_t> row_begin{0};
  std::vector<uint8_t> label;     // below the number of classes
  std::vector<uint8_t> language;  // below language_count

  [[nodiscard]] size_t size() const { return label.size(); }
  // Adds a row of feature hashes: each bucket (top `bits` bits) once, with the
  // value count / sqrt(number of features).
  void Add(std::span<const uint32_t> hashes, int bits, uint8_t row_label, uint8_t row_language);
  // Adds to the value of a feature of the row that was added last. REQUIRES: there is a row.
  void AddToLast(uint32_t feature, float more);
};

struct SvmOptions {
  int bits = 18;
  size_t more_features = 0;  // numbered from 2^bits on, of rows that were given such
  size_t class_count = 3;    // at most kMaxClasses
  size_t language_count = 1;
  float c = 0.3F;       // cost of an error; positives are weighted to balance the classes
  float shared = 0.0F;  // weight of the shared part against a language's own, 0 = none
  int epochs = 20;
  uint64_t seed = 1;
};

inline constexpr size_t kMaxClasses = 8;

// Weights of one language, interleaved: weight[bucket * class_count + class].
struct LinearWeights {
  std::vector<float> weight;
  std::array<float, kMaxClasses> bias{};
};

// One LinearWeights per language. Deterministic for equal options and rows.
// Memory: 2^bits * class_count * (language_count + 1) floats.
[[nodiscard]] std::vector<LinearWeights> TrainSvm(const TrainingSet& rows, const SvmOptions& options);

}  // namespace tocsin
