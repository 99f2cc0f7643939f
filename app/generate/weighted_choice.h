// Draws an index with given weights at a constant cost (the alias method of Walker 1977, built as Vose 1991).
//
// Immutable between calls of Set. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "app/generate/random.h"

namespace tocsin {

class WeightedChoice {
 public:
  // Weights of zero are never drawn. REQUIRES: none is negative; fewer than 2^32. Allocates only when there are more
  // than ever before.
  void Set(const std::vector<double>& weights) {
    const size_t n = weights.size();
    total_ = 0;
    for (const double weight : weights) total_ += weight;
    cells_.resize(n);
    scaled_.resize(n);
    small_.clear();
    large_.clear();
    for (size_t i = 0; i < n; ++i) {
      scaled_[i] = total_ > 0 ? weights[i] * static_cast<double>(n) / total_ : 0;
      (scaled_[i] < 1 ? small_ : large_).push_back(static_cast<uint32_t>(i));
    }
    while (!small_.empty() && !large_.empty()) {
      const uint32_t less = small_.back();
      const uint32_t more = large_.back();
      small_.pop_back();
      cells_[less] = {scaled_[less], more};
      scaled_[more] -= 1 - scaled_[less];
      if (scaled_[more] >= 1) continue;
      large_.pop_back();
      small_.push_back(more);
    }
    // What is left has a weight of 1 but for rounding.
    for (const uint32_t i : large_) cells_[i] = {1, i};
    for (const uint32_t i : small_) cells_[i] = {1, i};
  }

  // REQUIRES: total() > 0.
  uint32_t Draw(Random* random) const {
    const uint32_t cell = random->Below(static_cast<uint32_t>(cells_.size()));
    if (cells_.size() == 1) return 0;
    return random->Unit() < cells_[cell].keep ? cell : cells_[cell].alias;
  }

  double total() const { return total_; }

 private:
  struct Cell {
    double keep = 1;
    uint32_t alias = 0;
  };
  double total_ = 0;
  std::vector<Cell> cells_;
  std::vector<double> scaled_;           // scratch of Set
  std::vector<uint32_t> small_, large_;  //
};

}  // namespace tocsin
