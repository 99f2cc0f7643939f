#include "app/train/tone_list.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "operators/sentiment/model_format.h"

namespace tocsin {
namespace {

using namespace sentiment_format;

using Code = std::array<char, 2>;
// The order of the columns.
constexpr std::array<Code, 8> kColumns = {Code{'e', 'n'}, Code{'f', 'r'}, Code{'i', 't'}, Code{'d', 'e'},
                                          Code{'e', 's'}, Code{'p', 't'}, Code{'a', 'r'}, Code{'h', 'i'}};

std::optional<uint32_t> KindOf(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, uint32_t>, 9> kKinds = {{{"-3", 0},
                                                                            {"-2", 1},
                                                                            {"-1", 2},
                                                                            {"1", 3},
                                                                            {"2", 4},
                                                                            {"3", 5},
                                                                            {"N", kToneNegator},
                                                                            {"B", kToneStrengthener},
                                                                            {"0", kToneNeutral}}};
  for (const auto& [kind_name, kind] : kKinds) {
    if (kind_name == name) return kind;
  }
  return std::nullopt;
}

// The lower-case letters from U+00E0 on without their accents; a space where there is no one letter.
constexpr std::string_view kPlainLetters = "aaaaaa ceeeeiiii nooooo ouuuuy y";
constexpr unsigned char kSharpS = 0x9F;  // U+00DF stands where a capital of U+00FF would

class Reader {
 public:
  absl::Status ReadLine(std::string_view line) {
    if (line.empty() || line.front() == '#') return absl::OkStatus();
    if (line.starts_with("ending ")) return ReadEnding(line);
    if (++meaning_ >= (uint32_t{1} << kToneMeaningBits)) return absl::InvalidArgumentError("too many meanings");
    if (const size_t equals = line.find(" = "); equals != std::string_view::npos) {
      return ReadSymbols(line.substr(0, equals), line.substr(equals + 3));
    }
    const std::vector<std::string_view> cells = absl::StrSplit(line, ';');
    const std::optional<uint32_t> kind = KindOf(cells.front());
    if (!kind || cells.size() != kColumns.size() + 1) {
      return absl::InvalidArgumentError("a row is a kind and the words of eight languages between semicolons");
    }
    for (size_t column = 0; column < kColumns.size(); ++column) {
      for (const std::string_view word : absl::StrSplit(cells[column + 1], ' ', absl::SkipEmpty())) {
        for (const std::string& form : Forms(kColumns[column], word)) {
          if (absl::Status status = Put(kColumns[column], *kind, form); !status.ok()) return status;
        }
      }
    }
    return absl::OkStatus();
  }

  std::map<Code, ToneList> Lists() const {
    std::map<Code, ToneList> lists;
    for (const auto& [code, words] : words_) {
      for (const auto& [hash, word] : words) {
        lists[code].hashes.push_back(hash);
        lists[code].words.push_back(word);
      }
    }
    return lists;
  }

 private:
  // ending LANGUAGE MARK FORM|FORM|...
  absl::Status ReadEnding(std::string_view line) {
    const std::vector<std::string_view> parts = absl::StrSplit(line, ' ');
    if (parts.size() != 4 || parts[1].size() != 2 || parts[2].size() != 1) {
      return absl::InvalidArgumentError("an ending is: ending LANGUAGE MARK FORM|FORM");
    }
    endings_[{parts[1][0], parts[1][1]}][parts[2][0]] = absl::StrCat("(", parts[3], ")");
    return absl::OkStatus();
  }

  // Emoji are often repeated, and a run of them is one word.
  absl::Status ReadSymbols(std::string_view kind_name, std::string_view symbols) {
    const std::optional<uint32_t> kind = KindOf(kind_name);
    if (!kind) return absl::InvalidArgumentError("unknown kind");
    for (const std::string_view symbol : absl::StrSplit(symbols, ' ', absl::SkipEmpty())) {
      const size_t repeats = static_cast<unsigned char>(symbol.front()) >= 0x80 ? 3 : 1;
      std::string run;
      for (size_t i = 0; i < repeats; ++i) {
        run += symbol;
        for (const Code code : kColumns) {
          if (absl::Status status = Put(code, *kind, run); !status.ok()) return status;
        }
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::string> Forms(Code code, std::string_view word) const {
    const auto endings = endings_.find(code);
    if (endings != endings_.end()) {
      if (const auto forms = endings->second.find(word.back()); forms != endings->second.end()) {
        return ExpandForms(absl::StrCat(word.substr(0, word.size() - 1), forms->second));
      }
    }
    return ExpandForms(word);
  }

  absl::Status Put(Code code, uint32_t kind, const std::string& word) {
    for (const std::string& spelling : {word, WithoutAccents(word)}) {
      features_->Extract(spelling);
      if (features_->tokens() != 1) {
        return absl::InvalidArgumentError(absl::StrCat("not a single word for the model word=", spelling));
      }
      std::map<uint32_t, uint16_t>& words = words_[code];
      words.emplace(features_->hashes().front(), static_cast<uint16_t>(kind << kToneMeaningBits | meaning_));
      if (words.size() > kToneWordsMax) return absl::InvalidArgumentError("too many words");
    }
    return absl::OkStatus();
  }

  std::unique_ptr<SentimentFeatures> features_ = std::make_unique<SentimentFeatures>();
  std::map<Code, std::map<char, std::string>> endings_;
  std::map<Code, std::map<uint32_t, uint16_t>> words_;
  uint32_t meaning_ = 0;
};

}  // namespace

ToneWords ToneList::View() const {
  if (hashes.empty()) return {};
  return {reinterpret_cast<const uint8_t*>(hashes.data()), reinterpret_cast<const uint8_t*>(words.data()),
          hashes.size()};
}

std::vector<std::string> ExpandForms(std::string_view pattern) {
  const size_t open = pattern.find('(');
  const size_t close = pattern.find(')', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {std::string(pattern)};
  std::vector<std::string> forms;
  for (const std::string_view choice : absl::StrSplit(pattern.substr(open + 1, close - open - 1), '|')) {
    for (const std::string& rest : ExpandForms(pattern.substr(close + 1))) {
      forms.push_back(absl::StrCat(pattern.substr(0, open), choice, rest));
    }
  }
  return forms;
}

std::string WithoutAccents(std::string_view word) {
  std::string plain;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\xC3' && i + 1 < word.size()) {
      const auto low = static_cast<unsigned char>(word[i + 1]);
      if (low >= 0x80 && low <= 0xBF && low != kSharpS && kPlainLetters[low & 0x1F] != ' ') {
        plain += kPlainLetters[low & 0x1F];
        ++i;
        continue;
      }
    }
    plain += word[i];
  }
  return plain;
}

absl::StatusOr<std::map<std::array<char, 2>, ToneList>> ReadToneLists(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read list of words path=", path));
  Reader reader;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (const absl::Status status = reader.ReadLine(absl::StripTrailingAsciiWhitespace(line)); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(status.message(), " path=", path, " line=", number));
    }
  }
  if (file.bad()) return absl::UnavailableError(absl::StrCat("reading failed path=", path));
  return reader.Lists();
}

}  // namespace tocsin
