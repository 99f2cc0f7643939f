// Reads posts with a known sentiment from tab-separated files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tocsin {

struct LabelledPost {
  int label = 0;  // 0 negative, 1 neutral, 2 positive
  std::string text;
  std::string columns;  // those between label and text, with the tabs between them; often empty
};

// Reads one post a line: the label in the first column, the text in the last.
// Returns NotFound if the file cannot be read, InvalidArgument with the line
// number if a line has another form.
[[nodiscard]] absl::StatusOr<std::vector<LabelledPost>> ReadLabelledPosts(const std::string& path);

}  // namespace tocsin
