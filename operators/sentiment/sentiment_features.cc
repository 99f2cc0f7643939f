#include "operators/sentiment/sentiment_features.h"

#include <bit>
#include <cstring>

namespace tocsin {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes read words from memory in little-endian order");

constexpr uint64_t kTokenMultiplier = 0x9E3779B97F4A7C15;
constexpr uint64_t kPairMultiplier = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kFinalMultiplier = 0xD6E8FEB86659FD93;
constexpr uint64_t kFourGramMultiplier = 0xA0761D6478BD642F;
constexpr uint64_t kFiveGramMultiplier = 0xE7037ED1A0B428DB;
// Hashes of the tokens that stand for any mention and any link.
constexpr uint64_t kMentionHash = 0x8EBC6AF09C88C6E3;
constexpr uint64_t kLinkHash = 0x589965CC75374CC3;

enum ByteClass : uint8_t { kSeparator, kWord, kPunctuation, kAt, kHigh };
enum TokenKind : uint8_t { kWordToken, kSymbolToken, kMentionToken, kLinkToken };

constexpr bool IsAsciiWord(unsigned byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

constexpr std::array<uint8_t, 256> MakeByteClasses() {
  std::array<uint8_t, 256> classes{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    ByteClass value = kSeparator;
    if (byte == 0xC3 || byte == 0xE2) {
      value = kHigh;
    } else if (byte >= 0x80 || IsAsciiWord(byte)) {
      value = kWord;
    } else if (byte == '@') {
      value = kAt;
    } else if (byte > 0x20 && byte < 0x7F && byte != '\'') {
      value = kPunctuation;
    }
    classes[byte] = value;
  }
  return classes;
}

constexpr std::array<uint8_t, 256> MakeLowerCase() {
  std::array<uint8_t, 256> lower{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool upper = byte >= 'A' && byte <= 'Z';
    lower[byte] = static_cast<uint8_t>(upper ? byte + 0x20 : byte);
  }
  return lower;
}

constexpr std::array<uint8_t, 256> kByteClasses = MakeByteClasses();
constexpr std::array<uint8_t, 256> kLowerCase = MakeLowerCase();

uint64_t Load64(const uint8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// U+2000-207F: general punctuation separates like a space.
bool IsGeneralPunctuation(const uint8_t* at, const uint8_t* end) {
  return end - at >= 3 && at[0] == 0xE2 && (at[1] == 0x80 || at[1] == 0x81) && (at[2] & 0xC0) == 0x80;
}

// Whether the lower-cased word [begin, end), followed by `next`, opens a link.
bool StartsLink(const uint8_t* begin, const uint8_t* end, uint8_t next) {
  if (end - begin >= 4) return std::memcmp(begin, "http", 4) == 0;
  return end - begin == 3 && next == '.' && std::memcmp(begin, "www", 3) == 0;
}

bool EndsLink(uint8_t byte) { return byte <= 0x20 || byte >= 0x80 || byte == '"' || byte == '<' || byte == '>'; }

uint64_t TokenHash(const uint8_t* bytes, size_t size) {
  uint64_t hash = size;
  for (; size > 8; size -= 8, bytes += 8) {
    hash = (hash ^ Load64(bytes)) * kTokenMultiplier;
    hash ^= hash >> 32;
  }
  const uint64_t tail = Load64(bytes) & (~uint64_t{0} >> (64 - 8 * size));
  hash = (hash ^ tail) * kTokenMultiplier;
  return hash ^ (hash >> 32);
}

uint32_t High32(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

}  // namespace

void SentimentFeatures::Extract(std::string_view text) {
  Normalise(text.substr(0, kMaxTextBytes));
  Hash();
}

void SentimentFeatures::Normalise(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  uint8_t* out = normal_.data();
  Token* token = tokens_.data();
  *out++ = ' ';
  const auto offset = [this](const uint8_t* to) { return static_cast<uint16_t>(to - normal_.data()); };
  while (at < end) {
    const uint8_t byte_class = kByteClasses[*at];
    if (byte_class == kSeparator) {
      ++at;
    } else if (byte_class == kWord || byte_class == kHigh) {
      const uint8_t* const begin = at;
      uint8_t* const out_begin = out;
      while (at < end) {
        const uint8_t inner = kByteClasses[*at];
        if (inner == kWord) {
          *out++ = kLowerCase[*at++];
        } else if (inner != kHigh || IsGeneralPunctuation(at, end)) {
          break;
        } else {
          // The Latin-1 capitals U+00C0-00DE but for the multiplication sign.
          const bool capital = at[0] == 0xC3 && end - at >= 2 && at[1] >= 0x80 && at[1] <= 0x9E && at[1] != 0x97;
          *out++ = *at++;
          if (capital) *out++ = *at++ | 0x20;
        }
      }
      if (out == out_begin) {
        at = begin + 3;
        continue;
      }
      if (StartsLink(out_begin, out, at < end ? *at : 0)) {
        while (at < end && !EndsLink(*at)) ++at;
        out = out_begin;
        *token++ = {0, 0, kLinkToken};
        continue;
      }
      *token++ = {offset(out_begin), offset(out), kWordToken};
      *out++ = ' ';
    } else {
      uint8_t* const out_begin = out;
      while (at < end && kByteClasses[*at] >= kPunctuation && kByteClasses[*at] <= kAt) {
        if (*at == '@' && end - at >= 2 && IsAsciiWord(at[1])) break;
        *out++ = *at++;
      }
      const auto length = out - out_begin;
      if (length >= 2 || (length == 1 && (*out_begin == '!' || *out_begin == '?'))) {
        *token++ = {offset(out_begin), offset(out), kSymbolToken};
        *out++ = ' ';
      } else if (length == 1) {
        out = out_begin;
      } else {
        ++at;
        while (at < end && IsAsciiWord(*at)) ++at;
        *token++ = {0, 0, kMentionToken};
      }
    }
  }
  token_count_ = static_cast<size_t>(token - tokens_.data());
}

void SentimentFeatures::Hash() {
  uint32_t* feature = hashes_.data();
  uint64_t previous = 0;
  for (size_t i = 0; i < token_count_; ++i) {
    const Token& token = tokens_[i];
    uint64_t hash = token.kind == kMentionToken ? kMentionHash : kLinkHash;
    if (token.kind <= kSymbolToken) {
      const uint8_t* const begin = normal_.data() + token.begin;
      const uint8_t* const end = normal_.data() + token.end;
      hash = TokenHash(begin, static_cast<size_t>(end - begin));
      if (token.kind == kWordToken) {
        for (const uint8_t* gram = begin - 1; gram < end - 3; ++gram) {
          const uint64_t bytes = Load64(gram);
          *feature++ = High32((bytes & 0xFFFFFFFF) * kFourGramMultiplier);
          *feature++ = High32((bytes & 0xFFFFFFFFFF) * kFiveGramMultiplier);
        }
        if (end - begin >= 2) {
          *feature++ = High32((Load64(end - 3) & 0xFFFFFFFF) * kFourGramMultiplier);
        }
      }
    }
    *feature++ = High32(hash * kFinalMultiplier);
    if (i > 0) *feature++ = High32((previous * kPairMultiplier + hash) * kFinalMultiplier);
    previous = hash;
  }
  size_ = static_cast<size_t>(feature - hashes_.data());
}

}  // namespace tocsin
