#include "operators/match/tone_lexicon.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

constexpr uint32_t kEverybody = 0;  // owner of the general terms; a brand's number + 1 owns its own

class ToneReader {
 public:
  explicit ToneReader(YamlErrors* errors) : errors_(*errors) {}

  std::vector<ToneTerm> Read(const YAML::Node& node) {
    if (!node.IsDefined() || node.IsNull()) return {};
    if (!node.IsSequence()) {
      errors_.Add(node.Mark(), "'lexicon' is not a list", "write - {terms: [stranded, never again], weight: -1.5}");
      return {};
    }
    for (const YAML::Node& item : node) ReadGroup(item);
    if (terms_.size() > kMaxUserTerms) {
      errors_.Add(node.Mark(), absl::StrCat("a lexicon of ", terms_.size(), " terms"),
                  absl::StrCat("at most ", kMaxUserTerms));
    }
    std::ranges::sort(terms_, [](const ToneTerm& a, const ToneTerm& b) {
      return std::tie(a.language, a.text) < std::tie(b.language, b.text);
    });
    return std::move(terms_);
  }

 private:
  void ReadGroup(const YAML::Node& item) {
    const YamlMapping fields(item, "a group of 'lexicon'", {"terms", "weight", "lang"}, &errors_);
    if (!fields.valid()) return;
    const int weight = ReadWeight(fields);
    reader_.ReadGroup(fields, [&](const YAML::Mark& mark, UserTerm term) {
      if (seen_.emplace(term.language, term.text).second) {
        terms_.push_back({std::move(term), weight});
      } else {
        errors_.Add(mark, absl::StrCat("'", term.text, "' is in the lexicon twice"), "remove one");
      }
    });
  }

  int ReadWeight(const YamlMapping& fields) {
    static constexpr std::string_view kRemedy = "write a number from -4 (negative) to 4 (positive)";
    const std::string text = fields.Required("weight", kRemedy);
    if (text.empty()) return 0;
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !(std::abs(value) <= kMaxToneWeight / 100.0)) {
      errors_.Add(fields.Get("weight").Mark(), absl::StrCat("'", text, "' is no weight"), kRemedy);
      return 0;
    }
    return static_cast<int>(std::lround(value * 100));
  }

  YamlErrors& errors_;
  UserTermReader reader_{"lexicon", &errors_};
  std::vector<ToneTerm> terms_;
  std::set<std::pair<std::string, std::string>> seen_;  // language, term
};

}  // namespace

std::vector<ToneTerm> ReadToneTerms(const YAML::Node& node, YamlErrors* errors) {
  return ToneReader(errors).Read(node);
}

uint64_t ToneLexicon::Key(uint64_t hash, uint32_t owner) {
  const uint64_t key = (hash ^ owner) * 0x9E3779B97F4A7C15;
  return std::max<uint64_t>(1, key ^ key >> 32);
}

ToneLexicon::ToneLexicon(std::span<const ToneTerm> general, std::span<const std::span<const ToneTerm>> own) {
  std::vector<std::pair<uint64_t, uint32_t>> keys;
  const auto add = [&](std::span<const ToneTerm> terms, uint32_t owner) {
    for (const ToneTerm& term : terms) {
      keys.emplace_back(Key(term.hashes.front(), owner), static_cast<uint32_t>(terms_.size()));
      Add(term, owner != kEverybody);
    }
  };
  add(general, kEverybody);
  for (uint32_t brand = 0; brand < own.size(); ++brand) {
    add(own[brand], brand + 1);
    has_own_.push_back(!own[brand].empty());
  }
  by_first_ = FlatIndex<uint32_t>(std::move(keys));
}

void ToneLexicon::Add(const ToneTerm& term, bool own) {
  terms_.push_back({static_cast<uint32_t>(hashes_.size()), static_cast<uint16_t>(term.hashes.size()),
                    static_cast<int16_t>(term.weight), LanguageNumber(term.language), own});
  hashes_.insert(hashes_.end(), term.hashes.begin(), term.hashes.end());
}

const ToneLexicon::Term* ToneLexicon::Longest(std::span<const Token> tokens, uint32_t owner, uint16_t language,
                                              const Term* best) const {
  const auto rank = [](const Term& term) { return std::tuple(term.tokens, term.own, term.language != 0); };
  for (const uint32_t number : by_first_.Find(Key(tokens.front().hash, owner))) {
    const Term& term = terms_[number];
    if (term.tokens > tokens.size() || (term.language != 0 && term.language != language)) continue;
    const auto has_token = [&](uint16_t i) { return tokens[i].hash == hashes_[term.first_hash + i]; };
    uint16_t same = 0;
    while (same < term.tokens && has_token(same)) ++same;
    if (same == term.tokens && (best == nullptr || rank(term) > rank(*best))) best = &term;
  }
  return best;
}

int ToneLexicon::Sum(std::span<const Token> tokens, uint32_t brand, uint16_t language) const {
  int sum = 0;
  for (size_t at = 0; at < tokens.size();) {
    const Term* term = nullptr;
    if (tokens[at].hash != 0) {
      term = Longest(tokens.subspan(at), kEverybody, language, nullptr);
      if (has_own_[brand]) term = Longest(tokens.subspan(at), brand + 1, language, term);
    }
    sum += term == nullptr ? 0 : term->weight;
    at += term == nullptr ? 1 : term->tokens;
  }
  return sum;
}

int ToneLexicon::Weight(const Tokenizer& tokenizer, std::span<const TokenSpan> runs, uint32_t brand,
                        std::string_view language) const {
  const std::span<const Token> tokens(tokenizer.tokens());
  int sum = 0;
  for (const TokenSpan& run : runs) {
    sum += Sum(tokens.subspan(run.begin, run.end - run.begin), brand, LanguageNumber(language));
  }
  return std::clamp(sum, -kMaxToneWeight, kMaxToneWeight);
}

size_t ToneLexicon::MemoryBytes() const {
  return terms_.capacity() * sizeof(Term) + hashes_.capacity() * sizeof(uint64_t) + has_own_.capacity() / 8 +
         by_first_.MemoryBytes();
}

}  // namespace tocsin
