// The automaton of Aho and Corasick ("Efficient string matching: an aid to bibliographic search", CACM 18(6), 1975),
// with all transitions filled in: one look-up a byte.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::bench {

class AhoCorasick {
 public:
  // Of a-z, space, '@' and '#'; every other byte of a text counts as one that no literal has.
  explicit AhoCorasick(const std::vector<std::string>& literals);

  // Calls `fn` with the number of every literal at each place where one ends.
  template <typename Fn>
  void Search(std::string_view text, const Fn& fn) const {
    uint32_t state = 0;
    for (const char c : text) {
      state = next_[state][Symbol(c)];
      for (uint32_t at = literal_[state] != kNone ? state : shorter_[state]; at != 0; at = shorter_[at]) {
        fn(literal_[at]);
      }
    }
  }

  size_t MemoryBytes() const {
    return next_.capacity() * sizeof(next_[0]) + (literal_.capacity() + shorter_.capacity()) * sizeof(uint32_t);
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kSymbols = 32;

  static size_t Symbol(char c) {
    if (c >= 'a' && c <= 'z') return static_cast<size_t>(c - 'a');
    return c == ' ' ? 26 : c == '@' ? 27 : c == '#' ? 28 : 29;
  }

  std::vector<std::array<uint32_t, kSymbols>> next_;
  std::vector<uint32_t> literal_;  // that ends in this state
  std::vector<uint32_t> shorter_;  // state of the longest literal that is a proper suffix; 0: none
};

}  // namespace tocsin::bench
