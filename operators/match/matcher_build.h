// Compiles parsed queries into a Matcher's tables. Used by the Matcher's constructor only.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "operators/match/matcher.h"

namespace tocsin {

inline constexpr size_t kPrefixHeads = 4096;
inline constexpr size_t kMaxPrefixBytes = 64;

// Where the sizes of prefixes that start with these two bytes are kept.
inline size_t PrefixHead(char first, char second) {
  const uint32_t bytes = static_cast<uint32_t>(static_cast<uint8_t>(first)) << 8 | static_cast<uint8_t>(second);
  return (bytes * 0x9E3779B1u) >> 20;
}

class Matcher::Builder {
 public:
  explicit Builder(Matcher* matcher) : m_(*matcher) {}

  void Build(std::span<const Source> sources);

 private:
  struct Use {
    uint32_t queries = 0;  // that have the literal
    uint32_t last = UINT32_MAX;
    uint32_t cost = 0;  // a guess at how many posts have it
  };

  uint32_t AddNode(const QueryNode& node, bool negative, uint32_t brand);
  uint32_t Intern(const QueryNode& literal, uint32_t brand);
  void AddNames(uint32_t brand);
  // Appends the cheapest literals of which one must be in a post that matches, and returns their cost; kNone if none.
  uint64_t Anchors(uint32_t node, std::vector<uint32_t>* anchors) const;
  void PlaceAnchors();
  void IndexLiterals();

  Matcher& m_;
  absl::flat_hash_map<std::string, uint32_t> interned_;
  std::vector<Use> uses_;
  std::vector<std::pair<uint64_t, uint32_t>> prefixes_;  // hash, literal
  std::vector<bool> is_prefix_;
  absl::flat_hash_map<std::string, uint32_t> language_index_;
};

}  // namespace tocsin
