// A compiled watchlist: brands with Boolean queries, routes, and the matcher over them.
//
// Immutable after Parse, so thread-safe; shared by all workers and swapped as a whole on reload.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "operators/parse/post.h"

namespace tocsin {

// Whom a brand's signals are for.
struct Route {
  std::string name;
  std::string owner;
  std::string channel;
  std::string playbook_url;
  std::string dashboard_url;
  int64_t escalate_after_ms = 0;  // 0: never
  std::string next;
  std::string language = "en";  // of the summary: en, fr, it
};

struct Brand {
  std::string id;  // [a-z0-9][a-z0-9._-]{0,63}, unique
  std::string name;
  std::string query;                           // as written
  std::vector<std::string> official_accounts;  // folded handles without '@'
  std::string sector;
  bool topic = false;  // `kind: topic`: a sector's theme instead of a name; takes no part in "longest name wins"
  std::string time_zone = "UTC";
  std::string route;         // key of routes(); empty: none
  uint64_t config_hash = 0;  // of everything that changes what is matched or decided
};

struct BrandMatch {
  uint32_t brand = 0;     // index into brands()
  bool official = false;  // by an official account of this brand: its response, not a mention (needs no match)
  bool ambiguous = false;
};

class MatchScratch;  // per-thread buffers, defined in matcher.h

class Watchlist {
 public:
  // `file` names the source in errors. InvalidArgument lists every error found, one a line: "file:line:column: what;
  // what to do".
  static absl::StatusOr<std::shared_ptr<const Watchlist>> Parse(std::string_view yaml, std::string_view file);
  ~Watchlist();

  const std::vector<Brand>& brands() const { return brands_; }
  const std::map<std::string, Route>& routes() const { return routes_; }
  const Route* RouteOf(uint32_t brand) const;    // null when the brand has none
  uint64_t version() const { return version_; }  // hash of the canonical text
  // The brand's query written again: folded, operators spelled out.
  std::string CanonicalQuery(uint32_t brand) const;

  // Brands that the post mentions or officially answers for, ascending, each once. Allocates nothing in steady state.
  void Match(const Post& post, MatchScratch* scratch, std::vector<BrandMatch>* matches) const;

 private:
  Watchlist();
  class Reader;
  struct Compiled;
  std::vector<Brand> brands_;
  std::map<std::string, Route> routes_;
  uint64_t version_ = 0;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace tocsin
