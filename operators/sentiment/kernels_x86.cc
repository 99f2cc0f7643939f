// AVX2 and AVX-512 by function attributes, so that nothing else of the program is compiled for them.
#include "operators/sentiment/kernels.h"

#if defined(__x86_64__)
// GCC 12 takes the undefined registers of its own intrinsics for uninitialised variables (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <bit>
#endif

namespace tocsin {

#if defined(__x86_64__)
namespace {

#define TOCSIN_AVX2 __attribute__((target("avx2")))
#define TOCSIN_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

// Byte numbers that put the eight bytes from k on in the k-th lane of 64 bits, k = 0 to 7.
struct alignas(64) WindowBytes {
  uint8_t at[64];
};
constexpr WindowBytes MakeWindowBytes() {
  WindowBytes bytes{};
  for (unsigned i = 0; i < 64; ++i) bytes.at[i] = static_cast<uint8_t>(i / 8 + i % 8);
  return bytes;
}
constexpr WindowBytes kWindowBytes = MakeWindowBytes();

// For each mask of eight lanes, the numbers of the lanes that are set, in front.
struct alignas(64) LanePacks {
  uint32_t lane[256][8];
};
constexpr LanePacks MakeLanePacks() {
  LanePacks packs{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    unsigned count = 0;
    for (unsigned lane = 0; lane < 8; ++lane) {
      if ((mask >> lane & 1) != 0) packs.lane[mask][count++] = lane;
    }
  }
  return packs;
}
constexpr LanePacks kLanePacks = MakeLanePacks();

TOCSIN_AVX2 __m256i InRange(__m256i bytes, char low, char span) {
  const __m256i offset = _mm256_sub_epi8(bytes, _mm256_set1_epi8(low));
  return _mm256_cmpeq_epi8(_mm256_min_epu8(offset, _mm256_set1_epi8(span)), offset);
}

TOCSIN_AVX2 __m256i Equal(__m256i bytes, char byte) { return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte)); }

TOCSIN_AVX2 uint64_t Bits(__m256i lanes) { return static_cast<uint32_t>(_mm256_movemask_epi8(lanes)); }

TOCSIN_AVX2 void ScanBlockAvx2(const uint8_t* in, uint8_t* out, ByteMasks& masks) {
  masks = {};
  const __m256i case_bit = _mm256_set1_epi8(0x20);
  for (size_t i = 0; i < kScanBlockBytes; i += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i));
    const __m256i lower = _mm256_or_si256(bytes, _mm256_and_si256(InRange(bytes, 'A', 25), case_bit));
    const __m256i letter_or_digit = _mm256_or_si256(InRange(lower, 'a', 25), InRange(bytes, '0', 9));
    // Bytes from 0x80 on are negative.
    const __m256i word = _mm256_or_si256(_mm256_or_si256(letter_or_digit, Equal(bytes, '_')),
                                         _mm256_cmpgt_epi8(_mm256_setzero_si256(), bytes));
    const __m256i blank = _mm256_or_si256(word, Equal(bytes, '\''));
    const __m256i normal = _mm256_blendv_epi8(case_bit, lower, word);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), normal);
    masks.word |= Bits(word) << i;
    masks.high |= Bits(bytes) << i;
    masks.lead |= Bits(_mm256_or_si256(Equal(bytes, '\xC3'), Equal(bytes, '\xE2'))) << i;
    masks.punctuation |= Bits(_mm256_andnot_si256(blank, InRange(bytes, 0x21, 0x7E - 0x21))) << i;
    masks.mark |= Bits(_mm256_or_si256(Equal(bytes, '!'), Equal(bytes, '?'))) << i;
    masks.at_sign |= Bits(Equal(bytes, '@')) << i;
  }
}

// (g * multiplier mod 2^64) >> 32 in the low halves of four 64-bit lanes.
TOCSIN_AVX2 __m256i HashLanes(__m256i grams, uint64_t multiplier) {
  const __m256i low = _mm256_set1_epi64x(static_cast<int64_t>(multiplier & 0xFFFFFFFF));
  const __m256i high = _mm256_set1_epi64x(static_cast<int64_t>(multiplier >> 32));
  const __m256i product = _mm256_srli_epi64(_mm256_mul_epu32(grams, low), 32);
  const __m256i cross =
      _mm256_add_epi64(_mm256_mul_epu32(grams, high), _mm256_mul_epu32(_mm256_srli_epi64(grams, 32), low));
  return _mm256_add_epi64(product, cross);
}

// The low halves of eight 64-bit lanes.
TOCSIN_AVX2 __m256i LowHalves(__m256i first, __m256i second) {
  const __m256 mixed = _mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88);
  return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xD8);
}

TOCSIN_AVX2 uint32_t* AppendLanes(__m256i lanes, uint64_t mask, uint32_t* out) {
  const auto* const pack = reinterpret_cast<const __m256i*>(kLanePacks.lane[mask]);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(lanes, _mm256_load_si256(pack)));
  return out + std::popcount(mask);
}

TOCSIN_AVX2 uint32_t* HashGramsAvx2(const uint8_t* text, uint64_t four, uint64_t five, uint32_t* out) {
  const __m256i front = _mm256_load_si256(reinterpret_cast<const __m256i*>(kWindowBytes.at));
  const __m256i back = _mm256_load_si256(reinterpret_cast<const __m256i*>(kWindowBytes.at + 32));
  const __m256i four_bytes = _mm256_set1_epi64x(0xFFFFFFFF);
  const __m256i five_bytes = _mm256_set1_epi64x(0xFFFFFFFFFF);
  for (; four != 0; four >>= 8, five >>= 8, text += 8) {
    if ((four & 0xFF) == 0) continue;
    const __m256i bytes = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)));
    const __m256i first = _mm256_shuffle_epi8(bytes, front);
    const __m256i second = _mm256_shuffle_epi8(bytes, back);
    out = AppendLanes(LowHalves(HashLanes(_mm256_and_si256(first, four_bytes), kFourGramMultiplier),
                                HashLanes(_mm256_and_si256(second, four_bytes), kFourGramMultiplier)),
                      four & 0xFF, out);
    out = AppendLanes(LowHalves(HashLanes(_mm256_and_si256(first, five_bytes), kFiveGramMultiplier),
                                HashLanes(_mm256_and_si256(second, five_bytes), kFiveGramMultiplier)),
                      five & 0xFF, out);
  }
  return out;
}

// Buckets are summed in 16-bit lanes, which hold this many rounds.
constexpr size_t kRounds = 256;

void AddLane(uint32_t outer, uint32_t middle, std::array<int64_t, 3>* sums) {
  (*sums)[0] += outer & 0xFFFF;
  (*sums)[1] += middle;
  (*sums)[2] += outer >> 16;
}

void AddOneByOne(const uint8_t* weights, uint32_t shift, std::span<const uint32_t> hashes,
                 std::array<int64_t, 3>* sums) {
  for (const uint32_t hash : hashes) {
    const uint8_t* const bucket = weights + size_t{hash >> shift} * 3;
    for (size_t c = 0; c < 3; ++c) (*sums)[c] += bucket[c];
  }
}

TOCSIN_AVX2 std::array<int64_t, 3> SumBucketsAvx2(const uint8_t* weights, uint32_t bits,
                                                  std::span<const uint32_t> hashes) {
  constexpr size_t kLanes = 8;
  const uint32_t shift = 32 - bits;
  const __m128i shift_count = _mm_cvtsi32_si128(static_cast<int>(shift));
  std::array<int64_t, 3> sums{};
  size_t at = 0;
  while (at + kLanes <= hashes.size()) {
    __m256i outer = _mm256_setzero_si256();
    __m256i middle = _mm256_setzero_si256();
    for (size_t round = 0; round < kRounds && at + kLanes <= hashes.size(); ++round, at += kLanes) {
      const __m256i hash = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(hashes.data() + at));
      const __m256i bucket = _mm256_srl_epi32(hash, shift_count);
      const __m256i offset = _mm256_add_epi32(bucket, _mm256_slli_epi32(bucket, 1));
      const __m256i found = _mm256_i32gather_epi32(reinterpret_cast<const int*>(weights), offset, 1);
      outer = _mm256_add_epi32(outer, _mm256_and_si256(found, _mm256_set1_epi32(0x00FF00FF)));
      middle = _mm256_add_epi32(middle, _mm256_and_si256(_mm256_srli_epi32(found, 8), _mm256_set1_epi32(0xFF)));
    }
    alignas(32) uint32_t outers[kLanes];
    alignas(32) uint32_t middles[kLanes];
    _mm256_store_si256(reinterpret_cast<__m256i*>(outers), outer);
    _mm256_store_si256(reinterpret_cast<__m256i*>(middles), middle);
    for (size_t lane = 0; lane < kLanes; ++lane) AddLane(outers[lane], middles[lane], &sums);
  }
  AddOneByOne(weights, shift, hashes.subspan(at), &sums);
  return sums;
}

TOCSIN_AVX512 uint64_t InRange512(__m512i bytes, char low, char span) {
  return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(low)), _mm512_set1_epi8(span));
}

TOCSIN_AVX512 uint64_t Equal512(__m512i bytes, char byte) {
  return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte));
}

TOCSIN_AVX512 void ScanBlockAvx512(const uint8_t* in, uint8_t* out, ByteMasks& masks) {
  const __m512i bytes = _mm512_loadu_si512(in);
  const __m512i case_bit = _mm512_set1_epi8(0x20);
  const __m512i lower = _mm512_or_si512(bytes, _mm512_maskz_mov_epi8(InRange512(bytes, 'A', 25), case_bit));
  masks.high = _mm512_movepi8_mask(bytes);
  masks.word = InRange512(lower, 'a', 25) | InRange512(bytes, '0', 9) | Equal512(bytes, '_') | masks.high;
  masks.lead = Equal512(bytes, '\xC3') | Equal512(bytes, '\xE2');
  masks.punctuation = InRange512(bytes, 0x21, 0x7E - 0x21) & ~(masks.word | Equal512(bytes, '\''));
  masks.mark = Equal512(bytes, '!') | Equal512(bytes, '?');
  masks.at_sign = Equal512(bytes, '@');
  _mm512_storeu_si512(out, _mm512_mask_mov_epi8(case_bit, masks.word, lower));
}

TOCSIN_AVX512 __m256i HashLanes512(__m512i grams, uint64_t multiplier) {
  const __m512i product = _mm512_mullo_epi64(grams, _mm512_set1_epi64(static_cast<int64_t>(multiplier)));
  return _mm512_cvtepi64_epi32(_mm512_srli_epi64(product, 32));
}

TOCSIN_AVX512 uint32_t* HashGramsAvx512(const uint8_t* text, uint64_t four, uint64_t five, uint32_t* out) {
  const __m512i windows = _mm512_load_si512(kWindowBytes.at);
  const __m512i four_bytes = _mm512_set1_epi64(0xFFFFFFFF);
  const __m512i five_bytes = _mm512_set1_epi64(0xFFFFFFFFFF);
  for (; four != 0; four >>= 8, five >>= 8, text += 8) {
    if ((four & 0xFF) == 0) continue;
    const __m512i bytes =
        _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text))), windows);
    const __m256i fours = HashLanes512(_mm512_and_si512(bytes, four_bytes), kFourGramMultiplier);
    const __m256i fives = HashLanes512(_mm512_and_si512(bytes, five_bytes), kFiveGramMultiplier);
    // Packed in a register: a masked store of packed lanes is slow on some processors.
    const auto four_mask = static_cast<__mmask8>(four);
    const auto five_mask = static_cast<__mmask8>(five);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_maskz_compress_epi32(four_mask, fours));
    out += std::popcount(static_cast<uint32_t>(four_mask));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_maskz_compress_epi32(five_mask, fives));
    out += std::popcount(static_cast<uint32_t>(five_mask));
  }
  return out;
}

TOCSIN_AVX512 std::array<int64_t, 3> SumBucketsAvx512(const uint8_t* weights, uint32_t bits,
                                                      std::span<const uint32_t> hashes) {
  constexpr size_t kLanes = 16;
  const uint32_t shift = 32 - bits;
  const __m128i shift_count = _mm_cvtsi32_si128(static_cast<int>(shift));
  std::array<int64_t, 3> sums{};
  size_t at = 0;
  while (at + kLanes <= hashes.size()) {
    __m512i outer = _mm512_setzero_si512();
    __m512i middle = _mm512_setzero_si512();
    for (size_t round = 0; round < kRounds && at + kLanes <= hashes.size(); ++round, at += kLanes) {
      const __m512i bucket = _mm512_srl_epi32(_mm512_loadu_si512(hashes.data() + at), shift_count);
      const __m512i offset = _mm512_add_epi32(bucket, _mm512_slli_epi32(bucket, 1));
      const __m512i found = _mm512_i32gather_epi32(offset, weights, 1);
      outer = _mm512_add_epi32(outer, _mm512_and_si512(found, _mm512_set1_epi32(0x00FF00FF)));
      middle = _mm512_add_epi32(middle, _mm512_and_si512(_mm512_srli_epi32(found, 8), _mm512_set1_epi32(0xFF)));
    }
    alignas(64) uint32_t outers[kLanes];
    alignas(64) uint32_t middles[kLanes];
    _mm512_store_si512(outers, outer);
    _mm512_store_si512(middles, middle);
    for (size_t lane = 0; lane < kLanes; ++lane) AddLane(outers[lane], middles[lane], &sums);
  }
  AddOneByOne(weights, shift, hashes.subspan(at), &sums);
  return sums;
}

constexpr SentimentKernels kAvx2 = {"AVX2", &ScanBlockAvx2, &HashGramsAvx2, &SumBucketsAvx2};
constexpr SentimentKernels kAvx512 = {"AVX-512", &ScanBlockAvx512, &HashGramsAvx512, &SumBucketsAvx512};

}  // namespace

const SentimentKernels* Avx2Kernels() { return &kAvx2; }
const SentimentKernels* Avx512Kernels() { return &kAvx512; }
#else
const SentimentKernels* Avx2Kernels() { return nullptr; }
const SentimentKernels* Avx512Kernels() { return nullptr; }
#endif

}  // namespace tocsin
