#include "bench/match/workload.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tocsin::bench {
namespace {

constexpr double kPlantedShare = 0.33;  // in some posts the context, or its absence, undoes it
constexpr uint64_t kCommonWords = 2'000;
constexpr uint64_t kWords = 100'000;
constexpr size_t kPostBytes = 128;

// The word of a rank.
std::string Word(uint64_t rank) {
  static constexpr std::string_view kSyllables[] = {"ka", "mo", "ti",  "ren", "sol", "vi", "da", "por",
                                                    "le", "nu", "sha", "gri", "be",  "zo", "um", "ex"};
  std::string word;
  uint64_t bits = rank * 0x9E3779B97F4A7C15 >> 40;
  for (int i = 0; i < 2 || (i < 6 && bits > 0); ++i, bits >>= 4) word.append(kSyllables[bits & 15]);
  return word;
}

std::vector<Case> MakeCases(size_t count, std::mt19937_64* rng) {
  std::vector<Case> cases(count);
  for (size_t i = 0; i < count; ++i) {
    // Every third name begins with a common word.
    const uint64_t first = i % 3 == 0 ? (*rng)() % kCommonWords : kCommonWords + (*rng)() % kWords;
    cases[i].name = absl::StrCat(Word(first), " ", Word(kCommonWords + (*rng)() % kWords));
    cases[i].handle = absl::StrCat(Word(kCommonWords + (*rng)() % kWords), Word((*rng)() % 5'000));
    cases[i].context = Word((*rng)() % 5'000);
    cases[i].kind = static_cast<Case::Kind>(i % 4);
  }
  return cases;
}

std::string MakePost(const std::vector<Case>& cases, std::mt19937_64* rng) {
  std::vector<std::string> words;
  size_t size = 0;
  std::uniform_real_distribution<double> uniform(0, 1);
  while (size < kPostBytes) {
    const auto rank = static_cast<uint64_t>(std::exp(uniform(*rng) * std::log(static_cast<double>(kWords))));
    std::string word = Word(rank);
    const double kind = uniform(*rng);
    if (kind < 0.03) word.insert(0, 1, '@');
    if (kind > 0.97) word.insert(0, 1, '#');
    size += word.size() + 1;
    words.push_back(std::move(word));
  }
  if (uniform(*rng) < kPlantedShare) {
    const Case& brand = cases[(*rng)() % cases.size()];
    const double kind = uniform(*rng);
    std::string& place = words[(*rng)() % words.size()];
    if (kind < 0.35) {
      place = brand.name;
    } else if (kind < 0.65) {
      place = "@" + brand.handle;
    } else if (kind < 0.85) {
      place = "#" + brand.handle;
    } else {
      place = absl::StrCat(brand.handle, " ", brand.context);
    }
  }
  return absl::StrJoin(words, " ");
}

}  // namespace

std::string Case::Query() const {
  std::string names = absl::StrCat("\"", name, "\" OR @", handle, " OR #", handle);
  switch (kind) {
    case Kind::kNames:
      break;
    case Kind::kExcept:
      return absl::StrCat("(", names, ") NOT ", context);
    case Kind::kNear:
      return absl::StrCat(names, " OR (", handle, " NEAR/", kNearDistance, " (", context, " OR ", kNearWord, "))");
    case Kind::kTogether:
      return absl::StrCat(names, " OR (", handle, " AND ", context, " AND lang:en)");
  }
  return names;
}

Workload MakeWorkload(size_t queries, size_t posts) {
  std::mt19937_64 rng(queries);
  Workload workload;
  workload.cases = MakeCases(queries, &rng);
  for (size_t i = 0; i < posts; ++i) workload.posts.push_back(MakePost(workload.cases, &rng));
  return workload;
}

std::vector<std::string_view> WordsOf(std::string_view post) { return absl::StrSplit(post, ' '); }

bool HasNear(const Case& entry, const std::vector<std::string_view>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] != entry.handle) continue;
    const size_t from = i < kNearDistance ? 0 : i - kNearDistance;
    for (size_t j = from; j < std::min(words.size(), i + kNearDistance + 1); ++j) {
      if (j != i && (words[j] == entry.context || words[j] == kNearWord)) return true;
    }
  }
  return false;
}

bool Matches(const Case& entry, const std::string& spaced, const std::vector<std::string_view>& words) {
  const auto has = [&](std::string_view term) {
    return spaced.find(absl::StrCat(" ", term, " ")) != std::string::npos;
  };
  const bool named = has(entry.name) || has("@" + entry.handle) || has("#" + entry.handle);
  switch (entry.kind) {
    case Case::Kind::kNames:
      return named;
    case Case::Kind::kExcept:
      return named && !has(entry.context);
    case Case::Kind::kNear:
      return named || HasNear(entry, words);
    case Case::Kind::kTogether:
      return named || (has(entry.handle) && has(entry.context));
  }
  return false;
}

}  // namespace tocsin::bench
