// Quantises trained weights and lays them out as a model file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/train/calibration.h"
#include "app/train/linear_svm.h"
#include "app/train/tone_list.h"
#include "operators/sentiment/model_format.h"
#include "operators/sentiment/ratio_calibration.h"

namespace tocsin {

// What a model file says, before it is quantised.
struct TrainedModel {
  struct Language {
    std::array<char, 2> code{};
    int bits = 0;
    LinearWeights weights;  // of three classes
    float abstain = 0;      // least lead of the best class over the second
    ScoreScale scale = {};
    ToneList words = {};  // of known tone; may be empty
    // What one, two, and more words of a kind add to the score of each class.
    std::array<std::array<std::array<float, sentiment_format::kClasses>, sentiment_format::kToneCounts>,
               sentiment_format::kToneKinds>
        tone{};
  };
  struct Guess {
    int bits = 0;
    std::vector<std::array<char, 2>> codes;
    LinearWeights weights;  // of codes.size() classes
    float min_score = 0;
  };

  std::vector<Language> languages;
  Guess guess;                   // left out of the file if it has no codes
  RatioCalibration calibration;  // left out if it is of kind kNone
  std::string description;       // lines of key=value
};

// The bytes of the file. Returns Internal if a weight or bias is beyond what the
// format can hold (the training diverged).
[[nodiscard]] absl::StatusOr<std::string> SerializeModel(const TrainedModel& model);

// The bytes of a calibration file for the model with this checksum. InvalidArgument if its name can't be published.
[[nodiscard]] absl::StatusOr<std::string> SerializeCalibration(const RatioCalibration& calibration,
                                                               uint32_t model_checksum);

// Replaces the file at once. Unavailable if it can't be written.
[[nodiscard]] absl::Status WriteModelFile(const std::string& path, const std::string& bytes);

}  // namespace tocsin
