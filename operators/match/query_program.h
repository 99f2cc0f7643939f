// A watchlist's queries as they are evaluated: one run of 64-bit words each, so that a query that may match costs a few
// cache lines.
//
//   query    = head, node, then `context` times: term, node of a literal
//   head     : brand 0-31, bits of QueryFlag 32-39, number of context terms 40-55
//   node     : op 0-7, bits of NodeFlag 8-15, arg 16-31, words that the node takes with all below it 32-55, number of
//              the MatchReason's bit 56-59
//   literal  : arg tokens; their hashes follow, and for kExact, kAccents and kPrefix a text each
//   and, or  : arg children, which follow; not: one child
//   near     : arg distance; two children, each a literal or an or of literals
//   language : arg its number in `languages`; network, kind: arg the value; rating: arg lowest * 8 + highest
//   text     : place in `texts` 0-39, size 40-63
//   term     : weight 0-15 (two's complement), language's number + 1 16-31 (0: all)
//
// Anchors name a query by the place of its head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/match/query.h"

namespace tocsin {

enum QueryFlag : uint64_t {
  kTopicQuery = 1 << 0,   // hides no other brand's names, and nothing of it is hidden
  kHasNames = 1 << 1,     // an alternative of the outermost OR is a phrase of words
  kDropsUnsure = 1 << 2,  // MatchContext::drop_unsure
};

enum NodeFlag : uint64_t {
  kNegative = 1 << 0,  // under an odd number of NOTs
  kUnderNot = 1 << 1,  // under any
  kOrdered = 1 << 2,   // ONEAR
  kAmbiguousTerm = 1 << 3,
  kPrefix = 1 << 4,
  kExact = 1 << 5,      // case-sensitive: the texts are the raw forms
  kAccents = 1 << 6,    // the texts are the accented forms
  kWordsOnly = 1 << 7,  // can be hidden by a longer name
};

struct ProgramNode {
  explicit ProgramNode(uint64_t word)
      : op(static_cast<QueryOp>(word & 0xFF)),
        flags(static_cast<uint8_t>(word >> 8)),
        arg(static_cast<uint16_t>(word >> 16)),
        size(static_cast<uint32_t>(word >> 32 & 0xFFFFFF)),
        reason(static_cast<uint16_t>(1u << (word >> 56 & 15))) {}

  QueryOp op;
  uint8_t flags;
  uint16_t arg;
  uint32_t size;
  uint16_t reason;

  bool has(NodeFlag flag) const { return (flags & flag) != 0; }
};

struct QueryProgram {
  std::vector<uint64_t> words;
  std::string texts;
  std::vector<std::string> languages;

  std::string_view Text(uint64_t word) const { return std::string_view{texts}.substr(word & 0xFFFFFFFFFF, word >> 40); }
  size_t MemoryBytes() const { return words.capacity() * sizeof(uint64_t) + texts.capacity(); }
};

}  // namespace tocsin
