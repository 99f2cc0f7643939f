// Compiles parsed queries into a Matcher's tables. Used by the Matcher's constructor only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "operators/match/matcher.h"

namespace tocsin {

inline constexpr size_t kPrefixHeads = 4096;

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
  // Where a literal is in the tree, and whether below a NOT.
  struct Place {
    bool negative = false;
    bool under_not = false;
    bool may_be_ambiguous = false;
  };
  // Literals of which one must be in a post that matches, and a guess at how many posts have one; kNone: no such.
  struct AnchorSet {
    uint64_t cost = 0;
    std::vector<const QueryNode*> literals;
  };

  void CountUses(const QueryNode& node);
  bool IsRarer(const LiteralToken& token, const LiteralToken& other) const;
  void AddQuery(const Source& source, uint32_t brand);
  void AddContext(const MatchContext& context);
  void AddNode(const QueryNode& node, const Place& place);
  void AddLiteral(const QueryNode& literal);
  uint64_t AddText(std::string_view text);
  uint64_t LanguageNumber(const std::string& language);

  AnchorSet Anchors(const QueryNode& node) const;
  uint64_t Cost(const QueryNode& literal) const;
  void PlaceAnchor(const QueryNode& literal, uint32_t place);

  Matcher& m_;
  absl::flat_hash_map<uint64_t, uint32_t> uses_;         // by literal's key: in how many places
  absl::flat_hash_map<uint64_t, uint32_t> phrase_uses_;  // by token's hash: in how many places in phrases
  std::vector<AnchorIndex::Anchor> anchors_;
  std::vector<std::pair<uint64_t, uint32_t>> prefixes_;  // hash, place
  absl::flat_hash_map<std::string, uint64_t> language_numbers_;
};

}  // namespace tocsin
