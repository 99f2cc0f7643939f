#include "operators/sentiment/language_tag.h"

#include <algorithm>
#include <cstddef>

namespace tocsin {
namespace {

struct Synonym {
  std::string_view three;
  std::array<char, 2> two;
};

constexpr std::array<Synonym, 10> kSynonyms = {{
    {"ara", {'a', 'r'}},
    {"deu", {'d', 'e'}},
    {"eng", {'e', 'n'}},
    {"fra", {'f', 'r'}},
    {"fre", {'f', 'r'}},
    {"ger", {'d', 'e'}},
    {"hin", {'h', 'i'}},
    {"ita", {'i', 't'}},
    {"por", {'p', 't'}},
    {"spa", {'e', 's'}},
}};

// Codes of ISO 639-2 that stand for no single language; qaa to qtz are for
// private use (Twitter marks posts without words with some of them).
bool NamesNoLanguage(std::string_view code) {
  return code == "und" || code == "mul" || code == "mis" || code == "zxx" || (code[0] == 'q' && code[1] <= 't');
}

}  // namespace

LanguageTag ReadLanguageTag(std::string_view tag) {
  const size_t size = std::min(tag.find_first_of("-_"), tag.size());
  if (size < 2 || size > 3) return {};
  std::array<char, 3> code{};
  for (size_t i = 0; i < size; ++i) {
    const auto lower = static_cast<unsigned char>(static_cast<unsigned char>(tag[i]) | 0x20U);
    if (lower < 'a' || lower > 'z') return {};
    code[i] = static_cast<char>(lower);
  }
  if (size == 2) return {LanguageTag::Kind::kNamed, {code[0], code[1]}};
  const std::string_view three(code.data(), 3);
  if (NamesNoLanguage(three)) return {};
  for (const Synonym& synonym : kSynonyms) {
    if (synonym.three == three) return {LanguageTag::Kind::kNamed, synonym.two};
  }
  return {LanguageTag::Kind::kForeign, {}};
}

}  // namespace tocsin
