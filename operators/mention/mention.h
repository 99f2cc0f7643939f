// One mention: a (post, brand) pair as it travels from ingest to detect. Compact, without text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/log/log.h"
#include "operators/parse/post.h"
#include "operators/sentiment/ratio_calibration.h"
#include "operators/sentiment/sentiment.h"

namespace tocsin {

// Bits of Mention::flags. Part of the block format.
enum MentionFlag : uint8_t {
  kVerified = 1 << 0,
  kNewAccount = 1 << 1,  // younger than 30 days at the time of the post
  kNoAuthor = 1 << 2,    // the text fingerprint stands in for the author
  kOfficial = 1 << 3,    // by an official account of the brand: its response, not a mention
  kAmbiguous = 1 << 4,   // matched by a name that is also a word, and nothing says which is meant
};

// The highest three bits of Mention::flags: how negative the classifier finds the post. 0: nobody says (unclassified,
// or from a block of an older version); 1 to 6: the level of negativity plus one; kToneRated: the class is that of a
// star rating.
inline constexpr int kToneShift = 5;
inline constexpr uint8_t kToneRated = 7;

constexpr uint8_t ToneFlags(int level) { return static_cast<uint8_t>((level + 1) << kToneShift); }
constexpr bool IsRated(uint8_t flags) { return flags >> kToneShift == kToneRated; }
// The level of a classified mention that is not rated; where nobody says it is that of its class.
constexpr uint32_t NegativityOf(SentimentClass sentiment, uint8_t flags) {
  const uint32_t tone = uint32_t{flags} >> kToneShift;
  if (tone > 0) return tone - 1;
  return sentiment == SentimentClass::kNegative ? kNegativityLevels - 1 : 0;
}

// Bits of Mention::reasons: the kinds of the query's terms that held. Part of the block format.
enum MatchReason : uint16_t {
  kByWord = 1 << 0,  // one word, or a prefix
  kByPhrase = 1 << 1,
  kByHashtag = 1 << 2,  // whole or, with tag:, in part
  kByHandle = 1 << 3,
  kByNear = 1 << 4,     // two terms near each other
  kByContext = 1 << 5,  // a name that is also a word, for which the words around it speak
  kByUrl = 1 << 6,      // url: or site:
  kByCashtag = 1 << 7,
  kByAuthor = 1 << 8,
};
inline constexpr size_t kMatchReasonBits = 9;
// By bit, as in signals.
inline constexpr std::array<std::string_view, kMatchReasonBits> kMatchReasonNames = {
    "word", "phrase", "hashtag", "handle", "near", "context", "url", "cashtag", "author"};

// Bits of Mention::terms: classes of words in the text. Part of the block format.
enum MentionTerm : uint32_t {
  kSafetyTerm = 1 << 0,
  kBreachTerm = 1 << 1,
  kCallToAction = 1 << 2,
  kAngerTerm = 1 << 3,
  kServiceTerm = 1 << 4,
  kMisconductTerm = 1 << 5,
  kResponsibilityTerm = 1 << 6,  // who is to blame
  kFirstPersonTerm = 1 << 7,     // "I", "me", "my" of the text's language; see kFirstPersonLanguages
  kSocialTerm = 1 << 8,          // offensive, tasteless
  kCommunicationTerm = 1 << 9,   // no answer, silence, deleted comments
  kRumourTerm = 1 << 10,         // hoax, fake news, smear
};
// And, from this bit on, types of the user's own: `own_types()` of the watchlist that counts at the row's event time.
inline constexpr int kOwnTypeShift = 16;
inline constexpr size_t kOwnTypesMax = 8;
inline constexpr uint32_t kOwnTypeTerms = ((uint32_t{1} << kOwnTypesMax) - 1) << kOwnTypeShift;

// Languages in which the first person is looked for.
inline constexpr std::array<std::string_view, 6> kFirstPersonLanguages = {"en", "fr", "it", "de", "es", "pt"};
// Index of a language (as Mention::language) among those; their number if it is none of them.
constexpr size_t FirstPersonLanguage(uint16_t language) {
  size_t index = 0;
  while (index < kFirstPersonLanguages.size() &&
         language != (kFirstPersonLanguages[index][0] << 8 | kFirstPersonLanguages[index][1])) {
    ++index;
  }
  return index;
}

struct Mention {
  uint32_t brand = 0;  // index into the table that goes with it: the watchlist's, or a block's
  int64_t event_time_ms = 0;
  uint64_t post_hash = 0;    // Hash64 of network and post id
  uint64_t author_hash = 0;  // keyed hash of network and author id
  uint64_t text_hash = 0;    // fingerprint of the folded text without handles and URLs
  uint64_t root_hash = 0;    // of the original for a repost or quote, else 0
  SentimentClass sentiment = SentimentClass::kUnclassified;
  PostKind kind = PostKind::kOriginal;
  Network network = Network::kOther;
  uint8_t flags = 0;
  uint8_t ambiguity = 0;  // percent; above 0 if and only if flags has kAmbiguous
  uint16_t reasons = 0;
  uint16_t language = 0;  // two ASCII letters, first in the high byte; 0 unknown
  uint32_t reach = 0;     // followers, saturated; 0 unknown
  uint32_t terms = 0;
  int32_t source = 0;   // index into the block's source partitions
  Offset offset = 0;    // of the record in that source partition
  int32_t sample = -1;  // index into the block's samples; -1: text did not travel
};

// Speaks ill of the brand in words of its own. Row: a Mention or a HeldMention.
template <typename Row>
constexpr bool IsNegativeOriginal(const Row& row) {
  return row.sentiment == SentimentClass::kNegative && row.kind != PostKind::kRepost;
}

// Text and names of a post that may become evidence.
struct Sample {
  std::string_view post_id;
  std::string_view author_handle;
  std::string_view text;      // as of sample_bounds.h, like the others
  std::string_view hashtags;  // space separated, folded
  std::string_view url;       // first one
};

}  // namespace tocsin
