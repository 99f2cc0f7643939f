// From labelled posts to a finished model, without choosing anything: what training, cross-validation and evaluation
// have in common.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "app/train/evaluation.h"
#include "app/train/linear_svm.h"
#include "app/train/model_writer.h"
#include "app/train/training_data.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {

struct FitOptions {
  uint64_t seed = 1;
  int epochs = 15;
  double shared = 1.0;  // weight of what all languages share against a language's own weights
};

// A finished file with the classifier over it.
struct BuiltModel {
  std::string bytes;
  std::unique_ptr<SentimentModel> model;
};
[[nodiscard]] absl::StatusOr<BuiltModel> Build(const TrainedModel& trained);

// What the finished classifier says of each post.
[[nodiscard]] std::vector<Judgement> Judge(const SentimentModel& model, const std::vector<LabelledPost>& posts,
                                           std::string_view language);

// Rows of every language at each table size in use, by log2 of its buckets.
[[nodiscard]] std::map<int, TrainingSet> MakeRows(const TrainingData& data);

// All languages of `data`, from rows that MakeRows() made of it; without a guess table.
[[nodiscard]] TrainedModel TrainLanguages(const TrainingData& data, const std::map<int, TrainingSet>& rows,
                                          const FitOptions& options, double cost);

[[nodiscard]] TrainedModel::Guess TrainGuess(const TrainingData& data, const FitOptions& options);

inline std::string_view View(const std::array<char, 2>& code) { return {code.data(), code.size()}; }

}  // namespace tocsin
