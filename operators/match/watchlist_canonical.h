// A watchlist written in one way only: what its version and its brands' hashes are made of.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "operators/match/match_context.h"
#include "operators/match/query.h"
#include "operators/match/tone_lexicon.h"
#include "operators/match/type_lexicon.h"
#include "operators/match/watchlist.h"

namespace tocsin {

// One brand: its entry, parsed.
struct ParsedBrand {
  QueryNode query;
  MatchContext context;
  std::vector<ToneTerm> lexicon;
};

// What changes what is matched or decided of one brand, as JSON; the lexicon of all is not in it. Not the display name,
// nor whom the signals are for.
std::string CanonicalRule(const Brand& brand, const ParsedBrand& parsed);

// A lexicon as JSON.
std::string CanonicalLexicon(std::span<const ToneTerm> terms);

// Everything, as JSON in the form of a watchlist. REQUIRES: as many brands as parsed ones.
std::string CanonicalWatchlist(std::span<const Brand> brands, std::span<const ParsedBrand> parsed,
                               std::span<const ToneTerm> lexicon, std::span<const TypeTerm> types,
                               const std::map<std::string, Route>& routes);

}  // namespace tocsin
