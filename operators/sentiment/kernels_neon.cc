// NEON is part of every 64-bit ARM processor, so nothing is asked at run time.
#include "operators/sentiment/kernels.h"

#if defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>

#include <algorithm>
#include <cstring>
#endif

namespace tocsin {

#if defined(__aarch64__) && defined(__ARM_NEON)
namespace {

constexpr size_t kVectorBytes = 16;
constexpr size_t kVectors = kScanBlockBytes / kVectorBytes;

// 64 lanes of one kind, all ones where the kind is.
using BlockLanes = uint8x16_t[kVectors];

uint64_t Bits(const BlockLanes& lanes) {
  const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
  const uint8x16_t low = vpaddq_u8(vandq_u8(lanes[0], bit), vandq_u8(lanes[1], bit));
  const uint8x16_t high = vpaddq_u8(vandq_u8(lanes[2], bit), vandq_u8(lanes[3], bit));
  const uint8x16_t both = vpaddq_u8(low, high);
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(both, both)), 0);
}

// Lanes whose byte is in [low, low + span], all ones.
uint8x16_t InRange(uint8x16_t bytes, uint8_t low, uint8_t span) {
  return vcleq_u8(vsubq_u8(bytes, vdupq_n_u8(low)), vdupq_n_u8(span));
}

uint8x16_t Equal(uint8x16_t bytes, uint8_t byte) { return vceqq_u8(bytes, vdupq_n_u8(byte)); }

void ScanBlockNeon(const uint8_t* in, uint8_t* out, ByteMasks& masks) {
  BlockLanes word;
  BlockLanes high;
  BlockLanes lead;
  BlockLanes punctuation;
  BlockLanes mark;
  BlockLanes at_sign;
  BlockLanes link_letter;
  BlockLanes link_end;
  const uint8x16_t case_bit = vdupq_n_u8(0x20);
  for (size_t i = 0; i < kVectors; ++i) {
    const uint8x16_t bytes = vld1q_u8(in + i * kVectorBytes);
    const uint8x16_t lower = vorrq_u8(bytes, vandq_u8(InRange(bytes, 'A', 25), case_bit));
    high[i] = vcgeq_u8(bytes, vdupq_n_u8(0x80));
    const uint8x16_t letter_or_digit = vorrq_u8(InRange(lower, 'a', 25), InRange(bytes, '0', 9));
    word[i] = vorrq_u8(vorrq_u8(letter_or_digit, high[i]), Equal(bytes, '_'));
    punctuation[i] = vbicq_u8(InRange(bytes, 0x21, 0x7E - 0x21), vorrq_u8(word[i], Equal(bytes, '\'')));
    mark[i] = vorrq_u8(Equal(bytes, '!'), Equal(bytes, '?'));
    lead[i] = vorrq_u8(Equal(bytes, 0xC3), Equal(bytes, 0xE2));
    at_sign[i] = Equal(bytes, '@');
    link_letter[i] = vorrq_u8(vorrq_u8(Equal(lower, 'h'), Equal(lower, 't')), Equal(lower, 'w'));
    // '<' and '>' differ in one bit.
    const uint8x16_t angle_or_quote = vorrq_u8(Equal(vandq_u8(bytes, vdupq_n_u8(0xFD)), '<'), Equal(bytes, '"'));
    link_end[i] = vorrq_u8(vorrq_u8(high[i], vcleq_u8(bytes, case_bit)), angle_or_quote);
    vst1q_u8(out + i * kVectorBytes, vbslq_u8(word[i], lower, case_bit));
  }
  masks = {.word = Bits(word),
           .high = Bits(high),
           .lead = Bits(lead),
           .punctuation = Bits(punctuation),
           .mark = Bits(mark),
           .at_sign = Bits(at_sign),
           .link_letter = Bits(link_letter),
           .link_end = Bits(link_end)};
}

// For each mask of four lanes of 32 bits, the numbers of the bytes that put those that are set in front.
struct alignas(16) LanePacks {
  uint8_t byte[16][16];
  uint8_t count[16];
};
constexpr LanePacks MakeLanePacks() {
  LanePacks packs{};
  for (unsigned mask = 0; mask < 16; ++mask) {
    for (unsigned lane = 0; lane < 4; ++lane) {
      if ((mask >> lane & 1) == 0) continue;
      const unsigned to = packs.count[mask]++;
      for (unsigned i = 0; i < 4; ++i) packs.byte[mask][4 * to + i] = static_cast<uint8_t>(4 * lane + i);
    }
  }
  return packs;
}
constexpr LanePacks kLanePacks = MakeLanePacks();

uint32_t* AppendLanes(uint32x4_t lanes, uint64_t mask, uint32_t* out) {
  vst1q_u8(reinterpret_cast<uint8_t*>(out), vqtbl1q_u8(vreinterpretq_u8_u32(lanes), vld1q_u8(kLanePacks.byte[mask])));
  return out + kLanePacks.count[mask];
}

// The upper halves of (low + 2^32 * fifth) * multiplier mod 2^64.
uint32x4_t HashLanes(uint32x4_t low, uint32x4_t fifth, uint64_t multiplier) {
  const auto low_half = static_cast<uint32_t>(multiplier);
  const auto high_half = static_cast<uint32_t>(multiplier >> 32);
  const uint32x2_t by = vdup_n_u32(low_half);
  const uint32x4_t carried = vcombine_u32(vshrn_n_u64(vmull_u32(vget_low_u32(low), by), 32),
                                          vshrn_n_u64(vmull_u32(vget_high_u32(low), by), 32));
  return vmlaq_n_u32(vmlaq_n_u32(carried, low, high_half), fifth, low_half);
}

uint32_t* HashGramsNeon(const uint8_t* text, uint64_t four, uint64_t five, uint32_t* out) {
  // Byte numbers of the four grams from position 0 on; 0xFF gives zero. The fifth byte of a gram is the fourth of the
  // next.
  constexpr uint8_t kNone = 0xFF;
  const uint8x16_t grams = {0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6};
  const uint8x16_t fifths = {4, kNone, kNone, kNone, 5, kNone, kNone, kNone,
                             6, kNone, kNone, kNone, 7, kNone, kNone, kNone};
  for (; four != 0; four >>= 4, five >>= 4, text += 4) {
    if ((four & 0xF) == 0) continue;
    const uint8x16_t bytes = vcombine_u8(vld1_u8(text), vdup_n_u8(0));
    const uint32x4_t low = vreinterpretq_u32_u8(vqtbl1q_u8(bytes, grams));
    const uint32x4_t fifth = vreinterpretq_u32_u8(vqtbl1q_u8(bytes, fifths));
    out = AppendLanes(HashLanes(low, vdupq_n_u32(0), kFourGramMultiplier), four & 0xF, out);
    out = AppendLanes(HashLanes(low, fifth, kFiveGramMultiplier), five & 0xF, out);
  }
  return out;
}

std::array<int64_t, 3> SumBucketsNeon(const uint8_t* weights, uint32_t bits, std::span<const uint32_t> hashes) {
  // A lane of 16 bits holds the sum of this many bytes without overflow.
  constexpr size_t kLaneBytes = 256;
  const uint32_t shift = 32 - bits;
  std::array<int64_t, 3> sums{};
  for (size_t begin = 0; begin < hashes.size(); begin += kLaneBytes) {
    uint16x8_t lanes = vdupq_n_u16(0);
    for (const uint32_t hash : hashes.subspan(begin, std::min(kLaneBytes, hashes.size() - begin))) {
      uint32_t bucket;
      std::memcpy(&bucket, weights + size_t{hash >> shift} * 3, sizeof(bucket));
      lanes = vaddw_u8(lanes, vcreate_u8(bucket));
    }
    sums[0] += vgetq_lane_u16(lanes, 0);
    sums[1] += vgetq_lane_u16(lanes, 1);
    sums[2] += vgetq_lane_u16(lanes, 2);
  }
  return sums;
}

// Lanes of 64 bits can't be multiplied here, so tokens are hashed one by one.
constexpr SentimentKernels kNeon = {"NEON", &ScanBlockNeon, &HashTokensPortable, &HashGramsNeon, &SumBucketsNeon};

}  // namespace

const SentimentKernels* NeonKernels() { return &kNeon; }
#else
const SentimentKernels* NeonKernels() { return nullptr; }
#endif

}  // namespace tocsin
