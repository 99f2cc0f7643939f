#include "app/train/labelled_posts.h"

#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tocsin {

absl::StatusOr<std::vector<LabelledPost>> ReadLabelledPosts(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read labelled posts path=", path));
  std::vector<LabelledPost> posts;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const size_t tab = line.find('\t');
    if (tab != 1 || line[0] < '0' || line[0] > '2') {
      return absl::InvalidArgumentError(
          absl::StrCat("a line must be a label of 0, 1 or 2, a tab and a text; path=", path, " line=", number));
    }
    const size_t text = line.rfind('\t') + 1;
    posts.push_back(
        {.label = line[0] - '0', .text = line.substr(text), .columns = text > 2 ? line.substr(2, text - 3) : ""});
  }
  if (file.bad()) return absl::UnavailableError(absl::StrCat("reading failed path=", path));
  return posts;
}

}  // namespace tocsin
