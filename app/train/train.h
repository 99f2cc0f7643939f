// `tocsin train`: from labelled posts to a measured model file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace tocsin {

struct TrainOptions {
  std::string data_dir;    // holds the files that docs/MODEL_CARD.md lists
  std::string words_path;  // words of known tone (app/train/tone_words.txt); empty: none
  std::string out_path;    // replaced when the model is complete
  uint64_t seed = 1;       // equal seed, data and options give an equal file
  int epochs = 15;
  // Costs of an error that are tried; the one with the best macro-F1 on the dev
  // sets of the first-class languages is kept. The only one by default was chosen out of fold.
  std::vector<double> costs = {0.12};
  // Weight of what all languages share against a language's own weights.
  double shared = 1.0;
  // Receives the report, a line at a time without line end; may be empty.
  std::function<void(std::string_view line)> report;
};

// Trains, selects, quantises, measures the finished file with the classifier that
// production uses, and writes it. About a minute on one core. Returns NotFound or
// InvalidArgument for missing or malformed data, Unavailable if the file cannot
// be written.
[[nodiscard]] absl::Status RunTrain(const TrainOptions& options);

}  // namespace tocsin
