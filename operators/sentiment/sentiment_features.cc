#include "operators/sentiment/sentiment_features.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tocsin {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes read words from memory in little-endian order");

constexpr uint64_t kTokenMultiplier = 0x9E3779B97F4A7C15;
constexpr uint64_t kPairMultiplier = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kFinalMultiplier = 0xD6E8FEB86659FD93;
// Hashes of the tokens that stand for any mention and any link.
constexpr uint64_t kMentionHash = 0x8EBC6AF09C88C6E3;
constexpr uint64_t kLinkHash = 0x589965CC75374CC3;

uint64_t Load64(const uint8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

uint32_t High32(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

// One step of the token hash.
uint64_t HashChunk(uint64_t hash, uint64_t chunk) {
  hash = (hash ^ chunk) * kTokenMultiplier;
  return hash ^ (hash >> 32);
}

// The low `size` bytes, 1 to 8, of what stands at `from`.
uint64_t LoadTail(const uint8_t* from, size_t size) { return Load64(from) & (~uint64_t{0} >> (64 - 8 * size)); }

// Reads up to 15 bytes behind the token.
uint64_t TokenHash(const uint8_t* bytes, size_t size) {
  uint64_t hash = size;
  if (size <= 16) {
    // Both lengths are computed: whether a word has more than eight bytes can't be
    // predicted, and masks keep the compiler from branching on it.
    const uint64_t longer = size > 8 ? ~uint64_t{0} : 0;
    const size_t excess = (size - 8) & longer;
    const uint64_t first = HashChunk(hash, LoadTail(bytes, size - excess));
    const uint64_t second = HashChunk(first, LoadTail(bytes + 8, excess + (8 & ~longer)));
    return first ^ ((first ^ second) & longer);
  }
  for (; size > 8; size -= 8, bytes += 8) hash = HashChunk(hash, Load64(bytes));
  return HashChunk(hash, LoadTail(bytes, size));
}

// As TokenHash(), but reads no byte behind the token.
uint64_t TokenHashInBounds(const uint8_t* bytes, size_t size) {
  uint64_t hash = size;
  for (; size > 8; size -= 8, bytes += 8) hash = HashChunk(hash, Load64(bytes));
  uint64_t tail = 0;
  std::memcpy(&tail, bytes, size);
  return HashChunk(hash, tail);
}

bool OpensLink(const uint8_t* word, size_t size, const uint8_t* next, const uint8_t* text_end) {
  const uint64_t bytes = Load64(word);
  constexpr uint64_t kHttp = 'h' | 't' << 8 | 't' << 16 | 'p' << 24;
  constexpr uint64_t kWww = 'w' | 'w' << 8 | 'w' << 16;
  if ((bytes & 0xFFFFFFFF) == kHttp) return size >= 4;
  return (bytes & 0xFFFFFF) == kWww && size == 3 && next < text_end && *next == '.';
}

bool EndsLink(uint8_t byte) { return byte <= 0x20 || byte >= 0x80 || byte == '"' || byte == '<' || byte == '>'; }

// Position of the first clear bit at or after `from`. REQUIRES: there is one.
size_t FindClear(const uint64_t* words, size_t from) {
  size_t index = from / 64;
  uint64_t word = ~words[index] & (~uint64_t{0} << (from % 64));
  while (word == 0) word = ~words[++index];
  return 64 * index + static_cast<size_t>(std::countr_zero(word));
}

bool TestBit(const uint64_t* words, size_t position) { return ((words[position / 64] >> (position % 64)) & 1) != 0; }

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

// Appends the position of every bit.
uint16_t* AppendPositions(uint64_t bits, size_t base, uint16_t* to) {
  for (; bits != 0; bits &= bits - 1) *to++ = static_cast<uint16_t>(base + static_cast<size_t>(std::countr_zero(bits)));
  return to;
}

}  // namespace

void SentimentFeatures::Extract(std::string_view text) { Extract(text, BestKernels()); }

void SentimentFeatures::Extract(std::string_view text, const SentimentKernels& kernels) {
  text = text.substr(0, kMaxTextBytes);
  text_ = reinterpret_cast<const uint8_t*>(text.data());
  text_size_ = text.size();
  size_ = 0;
  Scan(text, kernels);
  FindTokens();
  HashTokens();
  HashGrams(kernels);
  text_ = nullptr;
}

void SentimentFeatures::Scan(std::string_view text, const SentimentKernels& kernels) {
  normal_[kPadding - 1] = ' ';
  block_count_ = text.size() / kScanBlockBytes + 1;
  std::array<uint64_t, kBlocks> lead;
  std::array<uint64_t, kBlocks> at_sign;
  for (size_t block = 0; block < block_count_; ++block) {
    const size_t begin = block * kScanBlockBytes;
    const uint8_t* from = text_ + begin;
    std::array<uint8_t, kScanBlockBytes> last{};
    if (begin + kScanBlockBytes > text.size()) {
      if (text.size() > begin) std::memcpy(last.data(), from, text.size() - begin);
      from = last.data();
    }
    ByteMasks masks;
    kernels.ScanBlock(from, normal_.data() + kPadding + begin, masks);
    word_[block] = masks.word;
    ascii_word_[block] = masks.word & ~masks.high;
    punctuation_[block] = masks.punctuation;
    mark_[block] = masks.mark;
    lead[block] = masks.lead;
    at_sign[block] = masks.at_sign;
  }
  for (size_t block = 0; block < block_count_; ++block) {
    const uint64_t next = block + 1 < block_count_ ? ascii_word_[block + 1] : 0;
    mention_[block] = at_sign[block] & (ascii_word_[block] >> 1 | next << 63);
    punctuation_[block] &= ~mention_[block];
    for (uint64_t bits = mention_[block]; bits != 0; bits &= bits - 1) {
      const size_t name = block * 64 + static_cast<size_t>(std::countr_zero(bits)) + 1;
      Blank(name, FindClear(ascii_word_.data(), name));
    }
    for (uint64_t bits = lead[block]; bits != 0; bits &= bits - 1) {
      ResolveLead(block * 64 + static_cast<size_t>(std::countr_zero(bits)));
    }
  }
}

void SentimentFeatures::ResolveLead(size_t position) {
  const uint8_t* const at = text_ + position;
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

// A token is a run of word bytes, a run of two or more punctuation bytes, a lone
// mark, or the '@' of a mention.
void SentimentFeatures::FindTokens() {
  uint16_t* begin = token_begin_.data();
  uint16_t* end = token_end_.data();
  uint64_t word_before = 0;
  uint64_t symbol_before = 0;
  uint64_t mention_before = 0;
  uint64_t punctuation_before = 0;
  for (size_t block = 0; block < block_count_; ++block) {
    const uint64_t run = punctuation_[block];
    const uint64_t run_after = block + 1 < block_count_ ? punctuation_[block + 1] << 63 : 0;
    const uint64_t symbol = (run & ((run << 1 | punctuation_before) | (run >> 1 | run_after))) | mark_[block];
    const uint64_t word = word_[block];
    const uint64_t mention = mention_[block];
    const uint64_t word_shifted = word << 1 | word_before;
    const uint64_t symbol_shifted = symbol << 1 | symbol_before;
    const uint64_t mention_shifted = mention << 1 | mention_before;
    begin = AppendPositions((word & ~word_shifted) | (symbol & ~symbol_shifted) | mention, 64 * block, begin);
    end = AppendPositions((~word & word_shifted) | (~symbol & symbol_shifted) | mention_shifted, 64 * block, end);
    punctuation_before = run >> 63;
    word_before = word >> 63;
    symbol_before = symbol >> 63;
    mention_before = mention >> 63;
  }
  token_count_ = static_cast<size_t>(end - token_end_.data());
}

void SentimentFeatures::HashTokens() {
  uint32_t* feature = hashes_.data();
  uint64_t previous = 0;
  size_t is_pair = 0;
  size_t link_end = 0;
  for (size_t i = 0; i < token_count_; ++i) {
    size_t begin = token_begin_[i];
    const size_t end = token_end_[i];
    if (begin < link_end) {
      if (end <= link_end) continue;
      // The link ended inside a run; what is left of it is a token if it can be one.
      begin = link_end;
      const bool lone = end == begin + 1 && !TestBit(mark_.data(), begin);
      if (lone && TestBit(punctuation_.data(), begin)) continue;
    }
    uint64_t hash = kMentionHash;
    if (TestBit(word_.data(), begin)) {
      const uint8_t* const word = normal_.data() + kPadding + begin;
      if (OpensLink(word, end - begin, text_ + end, text_ + text_size_)) {
        link_end = end;
        while (link_end < text_size_ && !EndsLink(text_[link_end])) ++link_end;
        Blank(begin, link_end);
        hash = kLinkHash;
      } else {
        hash = TokenHash(word, end - begin);
      }
    } else if (TestBit(punctuation_.data(), begin)) {
      hash = TokenHashInBounds(text_ + begin, end - begin);
    }
    *feature++ = High32(hash * kFinalMultiplier);
    *feature = High32((previous * kPairMultiplier + hash) * kFinalMultiplier);
    feature += is_pair;
    is_pair = 1;
    previous = hash;
  }
  size_ = static_cast<size_t>(feature - hashes_.data());
  tokens_ = (size_ + 1) / 2;
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
