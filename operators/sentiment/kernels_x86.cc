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
#include <cstring>

#include "operators/sentiment/token_hash.h"
#endif

namespace tocsin {

#if defined(__x86_64__)
namespace {

#define TOCSIN_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define TOCSIN_AVX512 __attribute__((target("bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl")))

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
    masks.link_letter |= Bits(_mm256_or_si256(_mm256_or_si256(Equal(lower, 'h'), Equal(lower, 't')), Equal(lower, 'w')))
                         << i;
    // As in ScanBlockSse2().
    const __m256i angle = Equal(_mm256_and_si256(bytes, _mm256_set1_epi8('\xFD')), '<');
    const __m256i blank_or_high = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x21), bytes);
    masks.link_end |= Bits(_mm256_or_si256(_mm256_or_si256(blank_or_high, angle), Equal(bytes, '"'))) << i;
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

uint64_t LoadChunk(const uint8_t* from) {
  uint64_t chunk;
  std::memcpy(&chunk, from, sizeof(chunk));
  return chunk;
}

// Where the bytes of a token stand. Looked up, not branched on: whether it is a word can't be predicted.
struct TokenSource {
  explicit TokenSource(const TokenSpans& tokens) : normal(tokens.normal), source{tokens.text, tokens.normal} {}
  const uint8_t* At(size_t begin) const { return source[normal[begin] == ' ' ? 0 : 1] + begin; }

  const uint8_t* normal;
  const uint8_t* source[2];
};

// Tokens that a vector's two chunks of eight bytes do not hold.
void HashLongTokens(const TokenSpans& tokens, size_t begin, uint32_t lanes, uint64_t* hashes, uint32_t* features) {
  for (; lanes != 0; lanes &= lanes - 1) {
    const size_t i = begin + static_cast<size_t>(std::countr_zero(lanes));
    hashes[i] = SpanHash(TokenSource(tokens).At(tokens.begin[i]), size_t{tokens.end[i]} - tokens.begin[i]);
    features[i] = static_cast<uint32_t>((hashes[i] * kFinalMultiplier) >> 32);
  }
}

TOCSIN_AVX2 __m256i MultiplyLanes(__m256i lanes, uint64_t multiplier) {
  const __m256i low = _mm256_set1_epi64x(static_cast<int64_t>(multiplier & 0xFFFFFFFF));
  const __m256i high = _mm256_set1_epi64x(static_cast<int64_t>(multiplier >> 32));
  const __m256i cross =
      _mm256_add_epi64(_mm256_mul_epu32(lanes, high), _mm256_mul_epu32(_mm256_srli_epi64(lanes, 32), low));
  return _mm256_add_epi64(_mm256_mul_epu32(lanes, low), _mm256_slli_epi64(cross, 32));
}

TOCSIN_AVX2 __m256i HashChunks(__m256i hash, __m256i chunk) {
  hash = MultiplyLanes(_mm256_xor_si256(hash, chunk), kTokenMultiplier);
  return _mm256_xor_si256(hash, _mm256_srli_epi64(hash, 32));
}

TOCSIN_AVX2 __m256i Broadcast(uint64_t value) { return _mm256_set1_epi64x(static_cast<int64_t>(value)); }

// Upper halves of lanes * kFinalMultiplier.
TOCSIN_AVX2 __m128i FinalLanes(__m256i lanes) {
  const __m256i product = HashLanes(lanes, kFinalMultiplier);
  return _mm256_castsi256_si128(LowHalves(product, product));
}

TOCSIN_AVX2 void HashTokensAvx2(const TokenSpans& tokens, uint64_t* hashes, uint32_t* features) {
  constexpr size_t kLanes = 4;
  const TokenSource source(tokens);
  const auto chunk_of = [](const uint8_t* from) { return static_cast<int64_t>(LoadChunk(from)); };
  for (size_t i = 0; i < tokens.count; i += kLanes) {
    const uint8_t* const from[kLanes] = {source.At(tokens.begin[i]), source.At(tokens.begin[i + 1]),
                                         source.At(tokens.begin[i + 2]), source.At(tokens.begin[i + 3])};
    const __m128i size = _mm_sub_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(tokens.end + i)),
                                       _mm_loadl_epi64(reinterpret_cast<const __m128i*>(tokens.begin + i)));
    const __m128i bits = _mm_slli_epi16(size, 3);
    // How many bits of a chunk are behind the token.
    const __m256i first_rest = _mm256_cvtepu16_epi64(_mm_subs_epu16(_mm_set1_epi16(64), bits));
    const __m256i second_rest = _mm256_cvtepu16_epi64(_mm_subs_epu16(_mm_set1_epi16(128), bits));
    const __m256i ones = _mm256_set1_epi64x(-1);
    const __m256i chunk =
        _mm256_and_si256(_mm256_set_epi64x(chunk_of(from[3]), chunk_of(from[2]), chunk_of(from[1]), chunk_of(from[0])),
                         _mm256_srlv_epi64(ones, first_rest));
    const __m256i more = _mm256_and_si256(
        _mm256_set_epi64x(chunk_of(from[3] + 8), chunk_of(from[2] + 8), chunk_of(from[1] + 8), chunk_of(from[0] + 8)),
        _mm256_srlv_epi64(ones, second_rest));
    const __m256i sizes = _mm256_cvtepu16_epi64(size);
    const __m256i first = HashChunks(sizes, chunk);
    __m256i hash = _mm256_blendv_epi8(first, HashChunks(first, more), _mm256_cmpgt_epi64(sizes, Broadcast(8)));
    // Of a mention there is this byte alone, and of a link: other tokens with it have further bytes, or it is in none.
    hash = _mm256_blendv_epi8(hash, Broadcast(kMentionHash), _mm256_cmpeq_epi64(chunk, Broadcast('@')));
    hash = _mm256_blendv_epi8(hash, Broadcast(kLinkHash), _mm256_cmpeq_epi64(chunk, Broadcast(kLinkByte)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(hashes + i), hash);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(features + i), FinalLanes(hash));
    const __m256i longer = _mm256_cmpgt_epi64(sizes, Broadcast(kShortToken));
    const auto lanes = static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(longer)));
    if (lanes != 0) HashLongTokens(tokens, i, lanes, hashes, features);
  }
  features += tokens.count;
  for (size_t i = 1; i < tokens.count; i += kLanes) {
    const __m256i before = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(hashes + i - 1));
    const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(hashes + i));
    const __m256i pair = _mm256_add_epi64(MultiplyLanes(before, kPairMultiplier), here);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(features + i - 1), FinalLanes(pair));
  }
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

// The three bytes of a bucket, and one that is not wanted, in lanes of 32 bits.
TOCSIN_AVX2 __m128i LoadBucket(const uint8_t* weights, uint32_t offset) {
  int32_t bytes;
  std::memcpy(&bytes, weights + offset, sizeof(bytes));
  return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes));
}

// Buckets are loaded one by one: a gather is no faster, and much slower where microcode guards it.
TOCSIN_AVX2 std::array<int64_t, 3> SumBucketsAvx2(const uint8_t* weights, uint32_t bits,
                                                  std::span<const uint32_t> hashes) {
  constexpr size_t kAtOnce = 8;
  const uint32_t shift = 32 - bits;
  const auto load = [weights, shift](uint32_t hash) TOCSIN_AVX2 { return LoadBucket(weights, (hash >> shift) * 3); };
  __m128i even = _mm_setzero_si128();
  __m128i odd = _mm_setzero_si128();
  const size_t whole = hashes.size() / kAtOnce * kAtOnce;
  for (size_t at = 0; at < whole; at += kAtOnce) {
#pragma GCC unroll 4
    for (size_t i = at; i < at + kAtOnce; i += 2) {
      even = _mm_add_epi32(even, load(hashes[i]));
      odd = _mm_add_epi32(odd, load(hashes[i + 1]));
    }
  }
  for (const uint32_t hash : hashes.subspan(whole)) even = _mm_add_epi32(even, load(hash));
  alignas(16) uint32_t sums[4];
  _mm_store_si128(reinterpret_cast<__m128i*>(sums), _mm_add_epi32(even, odd));
  return {sums[0], sums[1], sums[2]};
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
  masks.link_letter = Equal512(lower, 'h') | Equal512(lower, 't') | Equal512(lower, 'w');
  masks.link_end = _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(0x21)) |
                   Equal512(_mm512_and_si512(bytes, _mm512_set1_epi8('\xFD')), '<') | Equal512(bytes, '"');
  _mm512_storeu_si512(out, _mm512_mask_mov_epi8(case_bit, masks.word, lower));
}

TOCSIN_AVX512 __m256i HashLanes512(__m512i grams, uint64_t multiplier) {
  const __m512i product = _mm512_mullo_epi64(grams, _mm512_set1_epi64(static_cast<int64_t>(multiplier)));
  return _mm512_cvtepi64_epi32(_mm512_srli_epi64(product, 32));
}

TOCSIN_AVX512 __m512i Broadcast512(uint64_t value) { return _mm512_set1_epi64(static_cast<int64_t>(value)); }

TOCSIN_AVX512 __m512i HashChunks512(__m512i hash, __m512i chunk) {
  hash = _mm512_mullo_epi64(_mm512_xor_si512(hash, chunk), Broadcast512(kTokenMultiplier));
  return _mm512_xor_si512(hash, _mm512_srli_epi64(hash, 32));
}

TOCSIN_AVX512 void HashTokensAvx512(const TokenSpans& tokens, uint64_t* hashes, uint32_t* features) {
  constexpr size_t kLanes = 8;
  const TokenSource source(tokens);
  for (size_t i = 0; i < tokens.count; i += kLanes) {
    alignas(64) uint64_t chunks[kLanes];
    alignas(64) uint64_t seconds[kLanes];
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const uint8_t* const from = source.At(tokens.begin[i + lane]);
      chunks[lane] = LoadChunk(from);
      seconds[lane] = LoadChunk(from + 8);
    }
    const __m128i size = _mm_sub_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(tokens.end + i)),
                                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(tokens.begin + i)));
    const __m128i bits = _mm_slli_epi16(size, 3);
    // How many bits of a chunk are behind the token.
    const __m512i first_rest = _mm512_cvtepu16_epi64(_mm_subs_epu16(_mm_set1_epi16(64), bits));
    const __m512i second_rest = _mm512_cvtepu16_epi64(_mm_subs_epu16(_mm_set1_epi16(128), bits));
    const __m512i ones = _mm512_set1_epi64(-1);
    const __m512i chunk = _mm512_and_si512(_mm512_load_si512(chunks), _mm512_srlv_epi64(ones, first_rest));
    const __m512i more = _mm512_and_si512(_mm512_load_si512(seconds), _mm512_srlv_epi64(ones, second_rest));
    const __m512i sizes = _mm512_cvtepu16_epi64(size);
    const __m512i first = HashChunks512(sizes, chunk);
    const __mmask8 longer = _mm512_cmpgt_epu64_mask(sizes, Broadcast512(8));
    __m512i hash = _mm512_mask_mov_epi64(first, longer, HashChunks512(first, more));
    // As in HashTokensAvx2().
    hash = _mm512_mask_mov_epi64(hash, _mm512_cmpeq_epi64_mask(chunk, Broadcast512('@')), Broadcast512(kMentionHash));
    hash =
        _mm512_mask_mov_epi64(hash, _mm512_cmpeq_epi64_mask(chunk, Broadcast512(kLinkByte)), Broadcast512(kLinkHash));
    _mm512_storeu_si512(hashes + i, hash);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(features + i), HashLanes512(hash, kFinalMultiplier));
    const __mmask8 too_long = _mm512_cmpgt_epu64_mask(sizes, Broadcast512(kShortToken));
    if (too_long != 0) HashLongTokens(tokens, i, too_long, hashes, features);
  }
  features += tokens.count;
  for (size_t i = 1; i < tokens.count; i += kLanes) {
    const __m512i before = _mm512_mullo_epi64(_mm512_loadu_si512(hashes + i - 1), Broadcast512(kPairMultiplier));
    const __m512i pair = _mm512_add_epi64(before, _mm512_loadu_si512(hashes + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(features + i - 1), HashLanes512(pair, kFinalMultiplier));
  }
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

constexpr SentimentKernels kAvx2 = {"AVX2", &ScanBlockAvx2, &HashTokensAvx2, &HashGramsAvx2, &SumBucketsAvx2};
constexpr SentimentKernels kAvx512 = {"AVX-512", &ScanBlockAvx512, &HashTokensAvx512, &HashGramsAvx512,
                                      &SumBucketsAvx2};

}  // namespace

const SentimentKernels* Avx2Kernels() { return &kAvx2; }
const SentimentKernels* Avx512Kernels() { return &kAvx512; }
#else
const SentimentKernels* Avx2Kernels() { return nullptr; }
const SentimentKernels* Avx512Kernels() { return nullptr; }
#endif

}  // namespace tocsin
