// A compiled watchlist: brands with Boolean queries, routes, and the matcher over them.
//
// Immutable after Parse, so thread-safe; shared by all workers and swapped as a whole on reload. Parse is a pure
// function of the text.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "operators/detect/thresholds.h"
#include "operators/match/route.h"
#include "operators/parse/post.h"

namespace tocsin {

struct Brand {
  std::string id;  // [a-z0-9][a-z0-9._-]{0,63}, unique
  std::string name;
  std::string query;                           // as written
  std::vector<std::string> official_accounts;  // folded handles without '@'
  std::string sector;
  bool topic = false;         // `kind: topic`: a sector's theme instead of a name; takes no part in "longest name wins"
  bool sector_entry = false;  // `kind: sector`: a topic that brands name by its id as their sector
  bool keep_accents = false;  // `accents: keep`: they count in the query and the context
  std::string time_zone = "UTC";
  std::string route;                       // key of routes(); empty: none
  BrandThresholds thresholds;              // its own
  std::vector<int64_t> crisis_history_ms;  // days of past crises, 00:00 UTC, ascending, each once
  // Of everything that changes what is matched and measured, so that a baseline must begin anew. Neither thresholds nor
  // the crisis history: those change what is decided from then on.
  uint64_t config_hash = 0;
};

struct BrandMatch {
  uint32_t brand = 0;     // index into brands()
  bool official = false;  // by an official account of this brand: its response, not a mention (needs no match)
  // In percent: 0 is clear; above, only names that are also words were found, and little that tells what is meant.
  uint8_t ambiguity = 0;
  uint16_t reasons = 0;  // MatchReason bits; 0 where only `official`
};

// A context term that a post has.
struct ContextHit {
  std::string term;      // canonical
  std::string language;  // that it is for; empty: all
  int weight = 0;        // hundredths; below 0 it speaks against the brand
  bool counts = true;    // false: the post is in another language
};

// Why a post does or does not mention a brand.
struct MatchExplanation {
  // kRejected: the query holds, but by ambiguous terms alone, and the context speaks against the brand (or not for it,
  // where it must).
  enum class Outcome : uint8_t { kNoMatch, kMatched, kAmbiguous, kRejected };
  Outcome outcome = Outcome::kNoMatch;
  uint16_t reasons = 0;            // MatchReason bits
  bool clear = false;              // the query's terms say so; the context was not asked
  int score = 0;                   // of the context, in hundredths, if it was asked
  uint8_t ambiguity = 0;           // percent
  std::vector<std::string> terms;  // terms of the query, outside of NOT, that count in the post, canonical
  std::vector<ContextHit> context;
};

struct QueryNode;    // query.h
class ToneLexicon;   // tone_lexicon.h
class TypeLexicon;   // type_lexicon.h
struct TokenSpan;    // tokenizer.h
class MatchScratch;  // per-thread buffers, defined in matcher.h

class Watchlist {
 public:
  // `file` names the source in errors. InvalidArgument lists every error found, one a line: "file:line:column: what;
  // what to do".
  static absl::StatusOr<std::shared_ptr<const Watchlist>> Parse(std::string_view yaml, std::string_view file);
  ~Watchlist();

  const std::vector<Brand>& brands() const { return brands_; }
  // Indexes into brands(), in the order of the ids.
  const std::vector<uint32_t>& by_id() const { return by_id_; }
  std::optional<uint32_t> Find(std::string_view brand_id) const;  // O(log brands)
  const std::map<std::string, Route>& routes() const { return routes_; }
  const Route* RouteOf(uint32_t brand) const;    // null when the brand has none
  uint64_t version() const { return version_; }  // hash of canonical_text()
  // The watchlist written again as JSON, which is YAML: parses to an equal watchlist of the same version.
  const std::string& canonical_text() const { return canonical_text_; }
  // The brand's query written again: folded, operators spelled out.
  std::string CanonicalQuery(uint32_t brand) const;
  // Its parsed form.
  const QueryNode& Query(uint32_t brand) const;
  // The entry of `kind: sector` that the brand names as its sector; null if there is none.
  const Brand* SectorOf(uint32_t brand) const;

  // Brands that the post mentions or officially answers for, ascending, each once. Allocates nothing in steady state.
  void Match(const Post& post, MatchScratch* scratch, std::vector<BrandMatch>* matches) const;
  // Adds where the text names a brand that Match found: Matcher::FindNames.
  void FindNames(const Post& post, uint32_t brand, MatchScratch* scratch, std::vector<TokenSpan>* spans) const;
  // Why the post does or does not mention the brand. Slow: for people.
  MatchExplanation Explain(const Post& post, uint32_t brand, MatchScratch* scratch) const;

  // The user's own words of tone; null if there are none.
  const ToneLexicon* tone_lexicon() const;
  // The user's own words for what a crisis is about; null if there are none.
  const TypeLexicon* type_lexicon() const;
  // Types of the user's own, sorted: in Mention::terms the first has bit kOwnTypeShift, the second the next.
  const std::vector<std::string>& own_types() const { return own_types_; }

  // Of the compiled queries and the lexicons.
  size_t MemoryBytes() const;

 private:
  Watchlist();
  class Reader;
  struct Compiled;
  std::vector<Brand> brands_;
  std::vector<uint32_t> by_id_;
  std::map<std::string, Route> routes_;
  std::vector<std::string> own_types_;
  std::string canonical_text_;
  uint64_t version_ = 0;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace tocsin
