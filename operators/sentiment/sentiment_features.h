// Turns the text of a post into the hashed features of the sentiment model:
// words and symbols, pairs of them, and the 4- and 5-byte grams inside each
// space-padded word. docs/formats/SENTIMENT_MODEL.md gives the rules byte-exact;
// any change here is a new feature version of the file format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tocsin {

// Features of one text, in a fixed order. A value of this type is large (about
// 50 KB): keep it on the stack of a worker or reuse it. Not thread-safe.
class SentimentFeatures {
 public:
  // Bytes of a text that are read; the rest does not count.
  static constexpr size_t kMaxTextBytes = 4096;
  // No byte of a text makes more than two features.
  static constexpr size_t kMaxFeatures = 2 * kMaxTextBytes;

  // Left uninitialised on purpose: Extract() writes what is read.
  SentimentFeatures() {}  // NOLINT(modernize-use-equals-default)

  // Replaces the contents by the features of `text`; any bytes are accepted.
  void Extract(std::string_view text);

  // One 32-bit hash per occurrence; a table of 2^b buckets takes the top b bits.
  // Valid until the next Extract().
  [[nodiscard]] std::span<const uint32_t> hashes() const { return {hashes_.data(), size_}; }

 private:
  // One token in normal_: [begin, end), or a mark without bytes of its own.
  struct Token {
    uint16_t begin;
    uint16_t end;
    uint8_t kind;
  };
  static constexpr size_t kMaxTokens = kMaxTextBytes;

  void Normalise(std::string_view text);
  void Hash();

  size_t size_ = 0;
  size_t token_count_ = 0;
  std::array<uint32_t, kMaxFeatures> hashes_;
  std::array<Token, kMaxTokens> tokens_;
  // Lower-cased tokens, each with a space on both sides. A token of one byte
  // that touches its neighbours takes two bytes here.
  std::array<uint8_t, 2 * kMaxTextBytes + 16> normal_;
};

}  // namespace tocsin
