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

#include "operators/sentiment/byte_scan.h"
#include "operators/sentiment/kernels.h"

namespace tocsin {

// Features of one text, in no order that counts. Large (95 KB), so a thread keeps
// one and uses it again. Not thread-safe.
class SentimentFeatures {
 public:
  // Bytes of a text that are read; the rest does not count.
  static constexpr size_t kMaxTextBytes = 4096;
  // No byte of a text makes more than two features.
  static constexpr size_t kMaxFeatures = 2 * kMaxTextBytes;

  // Trivial: make_unique_for_overwrite writes none of it.
  SentimentFeatures() = default;

  // The first call on an object. Replaces the contents by the features of `text`; any bytes are accepted.
  void Extract(std::string_view text);
  // With given inner loops, for tests and benchmarks. REQUIRES: this processor can run them.
  void Extract(std::string_view text, const SentimentKernels& kernels);

  // One 32-bit hash per occurrence; a table of 2^b buckets takes the top b bits.
  // Valid until the next Extract().
  [[nodiscard]] std::span<const uint32_t> hashes() const { return {hashes_.data(), size_}; }

  // How many of the hashes are of single tokens: the first, in the order of the text.
  [[nodiscard]] size_t tokens() const { return tokens_; }

 private:
  static constexpr size_t kBlocks = kMaxTextBytes / kScanBlockBytes + 1;
  // Before and behind the text, so that grams may begin and loads may end there.
  static constexpr size_t kPadding = 16;
  // Entries behind the last position that FindTokens() may write to.
  static constexpr size_t kPositionSlack = 8;

  // Bits of byte positions, 64 a word.
  using Mask = std::array<uint64_t, kBlocks>;

  void Scan(std::string_view text, const SentimentKernels& kernels);
  void ResolveLead(size_t position);
  void FindLinks();
  // Makes the link at `begin` a token of one byte; returns its end.
  size_t TakeLink(size_t begin);
  void FindTokens();
  void HashTokens(const SentimentKernels& kernels);
  void HashGrams(const SentimentKernels& kernels);
  void Blank(size_t begin, size_t end);

  // Nothing here is initialised: Extract() writes what it reads.
  size_t text_size_;
  size_t block_count_;  // whole blocks scanned; all masks are zero behind the text
  size_t tokens_;
  size_t size_;
  Mask word_;
  Mask ascii_word_;
  Mask punctuation_;  // runs may be symbols; without the '@' of mentions
  Mask mark_;
  Mask lone_;  // bytes that are a token each: the '@' before a name, the first of a link
  Mask link_letter_;
  Mask link_end_;
  // Tokens are [token_begin_, token_end_), in order and disjoint.
  std::array<uint16_t, kMaxTextBytes + kPositionSlack> token_begin_;
  std::array<uint16_t, kMaxTextBytes + kPositionSlack> token_end_;
  std::array<uint64_t, kMaxTextBytes + SentimentKernels::kTokenSlack> token_hashes_;
  std::array<uint32_t, kMaxFeatures + SentimentKernels::kGramSlack> hashes_;
  // The text, zeros up to the end of its last block, and what may be read behind that.
  std::array<uint8_t, kBlocks * kScanBlockBytes + kPadding> text_;
  // The text in lower case with a space for every byte that is in no word.
  std::array<uint8_t, kPadding + kBlocks * kScanBlockBytes + kPadding> normal_;
};

}  // namespace tocsin
