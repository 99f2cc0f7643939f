#include "bench/match/aho_corasick.h"

namespace tocsin::bench {

AhoCorasick::AhoCorasick(const std::vector<std::string>& literals) {
  const auto add_state = [this] {
    next_.emplace_back();
    next_.back().fill(0);
    literal_.push_back(kNone);
    return static_cast<uint32_t>(next_.size() - 1);
  };
  add_state();
  for (uint32_t i = 0; i < literals.size(); ++i) {
    uint32_t state = 0;
    for (const char c : literals[i]) {
      uint32_t next = next_[state][Symbol(c)];
      if (next == 0) {
        next = add_state();
        next_[state][Symbol(c)] = next;
      }
      state = next;
    }
    literal_[state] = i;
  }
  // Breadth first: the state of the longest proper suffix is complete before it is needed.
  shorter_.assign(next_.size(), 0);
  std::vector<uint32_t> suffix(next_.size(), 0);
  std::vector<uint32_t> queue;
  for (const uint32_t state : next_[0]) {
    if (state != 0) queue.push_back(state);
  }
  for (size_t i = 0; i < queue.size(); ++i) {
    const uint32_t state = queue[i];
    shorter_[state] = literal_[suffix[state]] != kNone ? suffix[state] : shorter_[suffix[state]];
    for (size_t symbol = 0; symbol < kSymbols; ++symbol) {
      uint32_t& next = next_[state][symbol];
      if (next == 0) {
        next = next_[suffix[state]][symbol];
      } else {
        suffix[next] = next_[suffix[state]][symbol];
        queue.push_back(next);
      }
    }
  }
}

}  // namespace tocsin::bench
