// A watchlist written in one way only: what its version and its brands' hashes are made of.
#pragma once

#include <map>
#include <span>
#include <string>

#include "operators/match/match_context.h"
#include "operators/match/query.h"
#include "operators/match/watchlist.h"

namespace tocsin {

// One brand: its entry, parsed.
struct ParsedBrand {
  QueryNode query;
  MatchContext context;
};

// What changes what is matched or decided, as JSON. Not the display name, nor whom the signals are for.
std::string CanonicalRule(const Brand& brand, const ParsedBrand& parsed);

// Everything, as JSON in the form of a watchlist. REQUIRES: as many brands as parsed ones.
std::string CanonicalWatchlist(std::span<const Brand> brands, std::span<const ParsedBrand> parsed,
                               const std::map<std::string, Route>& routes);

}  // namespace tocsin
