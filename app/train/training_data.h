// The labelled posts that a model is trained on, selected by and measured with.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "app/train/labelled_posts.h"
#include "app/train/tone_list.h"

namespace tocsin {

struct EvaluationSet {
  std::string name;  // path below the data folder
  std::vector<LabelledPost> posts;
  std::vector<int> group;  // of each post: an airline and a day; only of the unseen domain
};

struct LanguageData {
  std::array<char, 2> code{};
  bool first_class = false;  // counts when hyper-parameters are chosen
  bool guessed = true;       // whether posts that name no language may be taken for it
  int bits = 0;              // log2 of the buckets of its table
  ToneList words;            // may be empty
  std::vector<LabelledPost> train;
  std::vector<EvaluationSet> dev;
};

struct TrainingData {
  std::vector<LanguageData> languages;
  // English, of a domain (airlines) that nothing is trained on or chosen by;
  // empty if the folder does not hold it.
  EvaluationSet unseen_domain;
};

// Reads the files below `folder` that the model card lists, and the list of words unless its path is empty. Errors as
// ReadLabelledPosts() and ReadToneLists().
[[nodiscard]] absl::StatusOr<TrainingData> ReadTrainingData(const std::string& folder, const std::string& words_path);

}  // namespace tocsin
