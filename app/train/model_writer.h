// Quantises trained weights and lays them out as a model file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "app/train/linear_svm.h"

namespace tocsin {

// What a model file says, before it is quantised.
struct TrainedModel {
  struct Language {
    std::array<char, 2> code{};
    int bits = 0;
    LinearWeights weights;  // of three classes
    float abstain = 0;      // least lead of the best class over the second
  };
  struct Guess {
    int bits = 0;
    std::vector<std::array<char, 2>> codes;
    LinearWeights weights;  // of codes.size() classes
    float min_score = 0;
  };

  std::vector<Language> languages;
  Guess guess;              // left out of the file if it has no codes
  std::string description;  // lines of key=value
};

// The bytes of the file. Returns Internal if a weight or bias is beyond what the
// format can hold (the training diverged).
[[nodiscard]] absl::StatusOr<std::string> SerializeModel(const TrainedModel& model);

}  // namespace tocsin
