// The same queries answered from the literals that a post has: what a matcher that only finds strings needs behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bench/match/workload.h"

namespace tocsin::bench {

// Not thread-safe. Borrows the workload.
class LiteralQueries {
 public:
  explicit LiteralQueries(const std::vector<Case>& cases);

  // By number, each with a space at either end: what must be found in a post with a space at either end.
  const std::vector<std::string>& literals() const { return literals_; }

  // Between Begin and Finish, every literal of the post at least once.
  void Begin();
  void Found(uint32_t literal);
  // The queries that match, ascending.
  void Finish(std::string_view post, std::vector<uint32_t>* matches);

 private:
  struct Ids {
    uint32_t name, mention, tag, handle, context;
  };

  uint32_t Number(const std::string& literal);
  bool Has(uint32_t literal) const { return seen_[literal] == epoch_; }

  const std::vector<Case>& cases_;
  std::vector<std::string> literals_;
  std::vector<Ids> ids_;                        // by query
  std::vector<std::vector<uint32_t>> anchors_;  // queries, by literal
  absl::flat_hash_map<std::string, uint32_t> numbers_;
  std::vector<uint32_t> seen_;
  std::vector<uint32_t> found_;
  uint32_t epoch_ = 0;
};

}  // namespace tocsin::bench
