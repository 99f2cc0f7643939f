#include "tests/operators/sentiment/reference_features.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace tocsin {
namespace {

constexpr uint64_t kMention = 0x8EBC6AF09C88C6E3;
constexpr uint64_t kLink = 0x589965CC75374CC3;

unsigned At(std::string_view text, size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0; }

bool IsAsciiWord(unsigned byte) { return byte < 0x80 && (std::isalnum(static_cast<int>(byte)) != 0 || byte == '_'); }

bool IsSeparatorCharacter(std::string_view text, size_t at) {
  return At(text, at) == 0xE2 && (At(text, at + 1) == 0x80 || At(text, at + 1) == 0x81) && At(text, at + 2) >= 0x80 &&
         At(text, at + 2) <= 0xBF;
}

bool IsWord(std::string_view text, size_t at) {
  for (size_t back = 0; back < 3 && back <= at; ++back) {
    if (IsSeparatorCharacter(text, at - back)) return false;
  }
  return at < text.size() && (At(text, at) >= 0x80 || IsAsciiWord(At(text, at)));
}

bool IsMention(std::string_view text, size_t at) { return At(text, at) == '@' && IsAsciiWord(At(text, at + 1)); }

bool IsPunctuation(std::string_view text, size_t at) {
  const unsigned byte = At(text, at);
  return byte >= 0x21 && byte <= 0x7E && !IsAsciiWord(byte) && byte != '\'' && !IsMention(text, at);
}

std::string Lower(std::string_view word) {
  std::string lower(word);
  for (size_t i = 0; i < word.size(); ++i) {
    const unsigned byte = At(word, i);
    const bool after_c3 = i > 0 && At(word, i - 1) == 0xC3;
    if (byte >= 'A' && byte <= 'Z') lower[i] = static_cast<char>(byte + 32);
    if (after_c3 && byte >= 0x80 && byte <= 0x9E && byte != 0x97) lower[i] = static_cast<char>(byte | 0x20);
  }
  return lower;
}

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | At(bytes, i - 1);
  return value;
}

uint64_t HashToken(std::string_view token) {
  uint64_t hash = token.size();
  for (size_t i = 0; i < token.size(); i += 8) {
    hash = (hash ^ LittleEndian(token.substr(i, 8))) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
  }
  return hash;
}

struct Collector {
  std::vector<uint32_t> features;
  std::vector<uint64_t> tokens;

  void Feature(uint64_t product) { features.push_back(static_cast<uint32_t>(product >> 32)); }

  void Token(uint64_t hash) {
    constexpr uint64_t kFinal = 0xD6E8FEB86659FD93;
    Feature(hash * kFinal);
    if (!tokens.empty()) Feature((tokens.back() * 0xC2B2AE3D27D4EB4F + hash) * kFinal);
    tokens.push_back(hash);
  }

  void Grams(const std::string& word) {
    const std::string around = " " + word + " ";
    const std::string_view padded = around;
    for (size_t i = 0; i + 4 <= padded.size(); ++i) {
      Feature(LittleEndian(padded.substr(i, 4)) * 0xA0761D6478BD642F);
    }
    for (size_t i = 0; i + 5 <= padded.size(); ++i) {
      Feature(LittleEndian(padded.substr(i, 5)) * 0xE7037ED1A0B428DB);
    }
  }
};

}  // namespace

std::vector<uint32_t> ReferenceFeatures(std::string_view text) {
  text = text.substr(0, 4096);
  Collector collector;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    if (IsWord(text, at)) {
      while (IsWord(text, end)) ++end;
      const std::string word = Lower(text.substr(at, end - at));
      if (word.starts_with("http") || (word == "www" && At(text, end) == '.')) {
        while (end < text.size() && At(text, end) > 0x20 && At(text, end) < 0x80 &&
               std::string_view("\"<>").find(text[end]) == std::string_view::npos) {
          ++end;
        }
        collector.Token(kLink);
      } else {
        collector.Grams(word);
        collector.Token(HashToken(word));
      }
    } else if (IsMention(text, at)) {
      end = at + 1;
      while (IsAsciiWord(At(text, end))) ++end;
      collector.Token(kMention);
    } else if (IsPunctuation(text, at)) {
      while (IsPunctuation(text, end)) ++end;
      const std::string_view symbol = text.substr(at, end - at);
      if (symbol.size() > 1 || symbol == "!" || symbol == "?") collector.Token(HashToken(symbol));
    } else {
      ++end;
    }
    at = end;
  }
  std::sort(collector.features.begin(), collector.features.end());
  return collector.features;
}

}  // namespace tocsin
