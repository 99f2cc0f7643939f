#include "operators/sentiment/sentiment_features.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "operators/sentiment/token_hash.h"

namespace tocsin {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes read words from memory in little-endian order");

uint32_t Load32(const uint8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// Position of the first set bit at or after `from`. REQUIRES: there is one.
size_t FindSet(const uint64_t* words, size_t from) {
  size_t index = from / 64;
  uint64_t word = words[index] & (~uint64_t{0} << (from % 64));
  while (word == 0) word = words[++index];
  return 64 * index + static_cast<size_t>(std::countr_zero(word));
}

// As FindSet() for a clear bit.
size_t FindClear(const uint64_t* words, size_t from) {
  size_t index = from / 64;
  uint64_t word = ~words[index] & (~uint64_t{0} << (from % 64));
  while (word == 0) word = ~words[++index];
  return 64 * index + static_cast<size_t>(std::countr_zero(word));
}

// REQUIRES: begin < end.
void ClearBits(uint64_t* words, size_t begin, size_t end) {
  const size_t last = (end - 1) / 64;
  for (size_t index = begin / 64; index <= last; ++index) {
    uint64_t bits = ~uint64_t{0};
    if (index == begin / 64) bits &= ~uint64_t{0} << (begin % 64);
    if (index == last) bits &= ~uint64_t{0} >> (63 - (end - 1) % 64);
    words[index] &= ~bits;
  }
}

// For each byte, the positions of its set bits in front, as eight numbers of 16 bits.
struct BitPositions {
  std::array<std::array<uint64_t, 2>, 256> lanes{};
  std::array<uint8_t, 256> count{};
};
constexpr BitPositions MakeBitPositions() {
  BitPositions positions;
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (uint64_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) == 0) continue;
      const unsigned lane = positions.count[byte]++;
      positions.lanes[byte][lane / 4] |= bit << (16 * (lane % 4));
    }
  }
  return positions;
}
constexpr BitPositions kBitPositions = MakeBitPositions();

// Appends the position of every bit, and up to eight numbers behind them. Eight bits at a time from a table: how many
// are set can't be predicted, so that no branch depends on it.
uint16_t* AppendPositions(uint64_t bits, size_t base, uint16_t* to) {
  constexpr uint64_t kEachLane = 0x0001000100010001;
  uint64_t bases = base * kEachLane;
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; ++i, bits >>= 8, bases += 8 * kEachLane) {
    const size_t byte = bits & 0xFF;
    const std::array<uint64_t, 2> lanes = {kBitPositions.lanes[byte][0] + bases, kBitPositions.lanes[byte][1] + bases};
    std::memcpy(to, lanes.data(), sizeof(lanes));
    to += kBitPositions.count[byte];
  }
  return to;
}

}  // namespace

void SentimentFeatures::Extract(std::string_view text) { Extract(text, BestKernels()); }

void SentimentFeatures::Extract(std::string_view text, const SentimentKernels& kernels) {
  text = text.substr(0, kMaxTextBytes);
  text_size_ = text.size();
  size_ = 0;
  Scan(text, kernels);
  FindLinks();
  FindTokens();
  HashTokens(kernels);
  HashGrams(kernels);
}

void SentimentFeatures::Scan(std::string_view text, const SentimentKernels& kernels) {
  normal_[kPadding - 1] = ' ';
  block_count_ = text.size() / kScanBlockBytes + 1;
  std::memset(text_.data() + (block_count_ - 1) * kScanBlockBytes, 0, kScanBlockBytes);
  if (!text.empty()) std::memcpy(text_.data(), text.data(), text.size());
  std::array<uint64_t, kBlocks> lead;
  std::array<uint64_t, kBlocks> at_sign;
  for (size_t block = 0; block < block_count_; ++block) {
    const size_t begin = block * kScanBlockBytes;
    ByteMasks masks;
    kernels.ScanBlock(text_.data() + begin, normal_.data() + kPadding + begin, masks);
    word_[block] = masks.word;
    ascii_word_[block] = masks.word & ~masks.high;
    punctuation_[block] = masks.punctuation;
    mark_[block] = masks.mark;
    link_letter_[block] = masks.link_letter;
    link_end_[block] = masks.link_end;
    lead[block] = masks.lead;
    at_sign[block] = masks.at_sign;
  }
  for (size_t block = 0; block < block_count_; ++block) {
    const uint64_t next = block + 1 < block_count_ ? ascii_word_[block + 1] : 0;
    lone_[block] = at_sign[block] & (ascii_word_[block] >> 1 | next << 63);
    punctuation_[block] &= ~lone_[block];
    for (uint64_t bits = lone_[block]; bits != 0; bits &= bits - 1) {
      const size_t name = block * 64 + static_cast<size_t>(std::countr_zero(bits)) + 1;
      Blank(name, FindClear(ascii_word_.data(), name));
    }
    for (uint64_t bits = lead[block]; bits != 0; bits &= bits - 1) {
      ResolveLead(block * 64 + static_cast<size_t>(std::countr_zero(bits)));
    }
  }
}

void SentimentFeatures::ResolveLead(size_t position) {
  const uint8_t* const at = text_.data() + position;
  const size_t left = text_size_ - position;
  if (at[0] == 0xC3) {
    // The Latin-1 capitals U+00C0-00DE but for the multiplication sign.
    if (left >= 2 && at[1] >= 0x80 && at[1] <= 0x9E && at[1] != 0x97) {
      normal_[kPadding + position + 1] = at[1] | 0x20;
    }
  } else if (left >= 3 && (at[1] == 0x80 || at[1] == 0x81) && (at[2] & 0xC0) == 0x80) {
    Blank(position, position + 3);  // U+2000-207F separates like a space
  }
}

// Takes [begin, end) out of the words. Bytes inside need no space: no gram touches them.
void SentimentFeatures::Blank(size_t begin, size_t end) {
  normal_[kPadding + begin] = ' ';
  normal_[kPadding + end - 1] = ' ';
  ClearBits(word_.data(), begin, end);
}

// Makes every link a lone kLinkByte.
void SentimentFeatures::FindLinks() {
  constexpr uint32_t kHttp = 'h' | 't' << 8 | 't' << 16 | 'p' << 24;
  constexpr uint32_t kWww = 'w' | 'w' << 8 | 'w' << 16 | ' ' << 24;
  uint64_t word_before = 0;
  size_t end = 0;  // of the last link
  for (size_t block = 0; block < block_count_; ++block) {
    const uint64_t word = word_[block];
    const uint64_t letter = link_letter_[block];
    const uint64_t next = block + 1 < block_count_ ? link_letter_[block + 1] : 0;
    // Few words but those of links begin with three such letters.
    uint64_t bits =
        word & ~(word << 1 | word_before) & letter & (letter >> 1 | next << 63) & (letter >> 2 | next << 62);
    for (; bits != 0; bits &= bits - 1) {
      const size_t begin = 64 * block + static_cast<size_t>(std::countr_zero(bits));
      const uint32_t bytes = Load32(normal_.data() + kPadding + begin);
      if (begin >= end && (bytes == kHttp || (bytes == kWww && text_[begin + 3] == '.'))) end = TakeLink(begin);
    }
    word_before = word_[block] >> 63;
  }
}

size_t SentimentFeatures::TakeLink(size_t begin) {
  // There is an end: behind the text stands at least one zero.
  const size_t end = FindSet(link_end_.data(), FindClear(word_.data(), begin));
  Blank(begin, end);
  ClearBits(punctuation_.data(), begin, end);
  ClearBits(mark_.data(), begin, end);
  ClearBits(lone_.data(), begin, end);
  lone_[begin / 64] |= uint64_t{1} << (begin % 64);
  text_[begin] = kLinkByte;
  return end;
}

// A token is a run of word bytes, a run of two or more punctuation bytes, a lone
// mark, or the one byte that stands for a mention or a link.
void SentimentFeatures::FindTokens() {
  uint16_t* begin = token_begin_.data();
  uint16_t* end = token_end_.data();
  uint64_t word_before = 0;
  uint64_t symbol_before = 0;
  uint64_t lone_before = 0;
  uint64_t punctuation_before = 0;
  for (size_t block = 0; block < block_count_; ++block) {
    const uint64_t run = punctuation_[block];
    const uint64_t run_after = block + 1 < block_count_ ? punctuation_[block + 1] << 63 : 0;
    const uint64_t symbol = (run & ((run << 1 | punctuation_before) | (run >> 1 | run_after))) | mark_[block];
    const uint64_t word = word_[block];
    const uint64_t lone = lone_[block];
    const uint64_t word_shifted = word << 1 | word_before;
    const uint64_t symbol_shifted = symbol << 1 | symbol_before;
    const uint64_t lone_shifted = lone << 1 | lone_before;
    begin = AppendPositions((word & ~word_shifted) | (symbol & ~symbol_shifted) | lone, 64 * block, begin);
    end = AppendPositions((~word & word_shifted) | (~symbol & symbol_shifted) | lone_shifted, 64 * block, end);
    punctuation_before = run >> 63;
    word_before = word >> 63;
    symbol_before = symbol >> 63;
    lone_before = lone >> 63;
  }
  tokens_ = static_cast<size_t>(end - token_end_.data());
  std::fill_n(begin, SentimentKernels::kTokenSlack, uint16_t{0});
  std::fill_n(end, SentimentKernels::kTokenSlack, uint16_t{0});
}

void SentimentFeatures::HashTokens(const SentimentKernels& kernels) {
  if (tokens_ == 0) return;
  kernels.HashTokens({.normal = normal_.data() + kPadding,
                      .text = text_.data(),
                      .begin = token_begin_.data(),
                      .end = token_end_.data(),
                      .count = tokens_},
                     token_hashes_.data(), hashes_.data());
  size_ = 2 * tokens_ - 1;
}

void SentimentFeatures::HashGrams(const SentimentKernels& kernels) {
  uint32_t* feature = hashes_.data() + size_;
  for (size_t block = 0; block < block_count_; ++block) {
    // Bit i: bytes i and i + 1 are in one word, so the four bytes from i - 1 are a
    // gram of the padded word; with byte i + 2, the five bytes are.
    const uint64_t next = block + 1 < block_count_ ? word_[block + 1] : 0;
    const uint64_t four = word_[block] & (word_[block] >> 1 | next << 63);
    const uint64_t five = four & (word_[block] >> 2 | next << 62);
    feature = kernels.HashGrams(normal_.data() + kPadding + block * 64 - 1, four, five, feature);
  }
  size_ = static_cast<size_t>(feature - hashes_.data());
}

}  // namespace tocsin
