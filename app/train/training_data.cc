#include "app/train/training_data.h"

#include <map>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tocsin {
namespace {

struct LanguageFiles {
  std::array<char, 2> code;
  bool first_class;
  int bits;
  std::vector<std::string_view> train;
  std::vector<std::string_view> dev;
};

// Table sizes keep the whole file below 4 MB: the languages with more data and
// more use get four times the buckets.
constexpr int kLargeBits = 18;
constexpr int kSmallBits = 16;

std::vector<LanguageFiles> Files() {
  return {
      {{'e', 'n'}, true, kLargeBits, {"en/train_semeval13_16.tsv"}, {"en/dev_tweeteval_val.tsv", "en/dev_umsab.tsv"}},
      {{'f', 'r'}, true, kLargeBits, {"fr/train_umsab.tsv", "fr/train_deft17_task1.tsv"}, {"fr/dev_umsab.tsv"}},
      {{'i', 't'}, true, kLargeBits, {"it/train_sentipolc16.tsv"}, {"it/dev_umsab.tsv"}},
      {{'d', 'e'}, false, kSmallBits, {"other/german_train_umsab.tsv"}, {"other/german_dev_umsab.tsv"}},
      {{'e', 's'}, false, kSmallBits, {"other/spanish_train_umsab.tsv"}, {"other/spanish_dev_umsab.tsv"}},
      {{'p', 't'}, false, kSmallBits, {"other/portuguese_train_umsab.tsv"}, {"other/portuguese_dev_umsab.tsv"}},
      {{'a', 'r'}, false, kSmallBits, {"other/arabic_train_umsab.tsv"}, {"other/arabic_dev_umsab.tsv"}},
      {{'h', 'i'}, false, kSmallBits, {"other/hindi_train_umsab.tsv"}, {"other/hindi_dev_umsab.tsv"}},
  };
}

// The Hindi posts are mostly in Latin letters, with English words, and attract any
// language that the model does not know: a good decoy and a bad guess.
constexpr std::array<char, 2> kNeverGuessed = {'h', 'i'};

constexpr std::string_view kUnseenDomain = "airline/airline_calib_0216_0220.tsv";

// Numbers of airline and day, from the columns `created_at` and `airline`.
std::vector<int> AirlineDays(const std::vector<LabelledPost>& posts) {
  constexpr size_t kDateLetters = 10;
  std::map<std::string, int> numbers;
  std::vector<int> groups;
  for (const LabelledPost& post : posts) {
    const std::vector<std::string> columns = absl::StrSplit(post.columns, '\t');
    const std::string name =
        columns.size() < 2 ? "" : absl::StrCat(columns[1], " ", columns[0].substr(0, kDateLetters));
    groups.push_back(numbers.emplace(name, static_cast<int>(numbers.size())).first->second);
  }
  return groups;
}

}  // namespace

absl::StatusOr<TrainingData> ReadTrainingData(const std::string& folder, const std::string& words_path) {
  TrainingData data;
  std::map<std::array<char, 2>, ToneList> words;
  if (!words_path.empty()) {
    absl::StatusOr<std::map<std::array<char, 2>, ToneList>> read = ReadToneLists(words_path);
    if (!read.ok()) return read.status();
    words = *std::move(read);
  }
  for (const LanguageFiles& files : Files()) {
    LanguageData language{.code = files.code,
                          .first_class = files.first_class,
                          .guessed = files.code != kNeverGuessed,
                          .bits = files.bits,
                          .words = std::move(words[files.code]),
                          .train = {},
                          .dev = {}};
    for (const std::string_view name : files.train) {
      auto posts = ReadLabelledPosts(absl::StrCat(folder, "/", name));
      if (!posts.ok()) return posts.status();
      for (LabelledPost& post : *posts) language.train.push_back(std::move(post));
    }
    for (const std::string_view name : files.dev) {
      auto posts = ReadLabelledPosts(absl::StrCat(folder, "/", name));
      if (!posts.ok()) return posts.status();
      language.dev.push_back({std::string(name), *std::move(posts), {}});
    }
    data.languages.push_back(std::move(language));
  }
  auto posts = ReadLabelledPosts(absl::StrCat(folder, "/", kUnseenDomain));
  if (posts.ok()) {
    data.unseen_domain = {std::string(kUnseenDomain), *std::move(posts), {}};
    data.unseen_domain.group = AirlineDays(data.unseen_domain.posts);
  } else if (!absl::IsNotFound(posts.status())) {
    return posts.status();
  }
  return data;
}

}  // namespace tocsin
