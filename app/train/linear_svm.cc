#include "app/train/linear_svm.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "app/train/random_numbers.h"

namespace tocsin {
namespace {

void Shuffle(std::vector<uint32_t>& order, SplitMix64& random) {
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Next() % i]);
}

// One-vs-rest problems of all classes, descended together: a post's features are
// visited once for all classes.
class DualDescent {
 public:
  DualDescent(const TrainingSet& rows, const SvmOptions& options)
      : rows_(rows),
        options_(options),
        stride_(options.class_count),
        table_size_(((size_t{1} << options.bits) + options.more_features) * stride_),
        parts_(options.language_count + 1, std::vector<float>(table_size_)),
        part_bias_(options.language_count + 1),
        alpha_(rows.size() * stride_),
        squared_norm_(rows.size()) {
    // Counts per (language, class) balance the classes within each language.
    std::vector<std::array<double, kMaxClasses>> count(options.language_count);
    for (size_t i = 0; i < rows.size(); ++i) {
      count[rows.language[i]][rows.label[i]] += 1;
      double norm = 1;
      for (size_t k = rows.row_begin[i]; k < rows.row_begin[i + 1]; ++k) {
        norm += static_cast<double>(rows.value[k]) * static_cast<double>(rows.value[k]);
      }
      squared_norm_[i] = static_cast<float>(norm * (1.0 + static_cast<double>(options.shared)));
    }
    inverse_cost_.resize(options.language_count);
    for (size_t l = 0; l < options.language_count; ++l) {
      const double total = std::accumulate(count[l].begin(), count[l].end(), 0.0);
      for (size_t c = 0; c < stride_; ++c) {
        const double balance = count[l][c] > 0 ? total / (static_cast<double>(stride_) * count[l][c]) : 1.0;
        inverse_cost_[l][c] = static_cast<float>(1.0 / (2.0 * static_cast<double>(options.c) * balance));
      }
    }
  }

  void Run() {
    std::vector<uint32_t> order(rows_.size());
    std::iota(order.begin(), order.end(), 0U);
    SplitMix64 random(options_.seed);
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      Shuffle(order, random);
      for (const uint32_t row : order) Step(row);
    }
  }

  std::vector<LinearWeights> Weights() const {
    std::vector<LinearWeights> result(options_.language_count);
    for (size_t l = 0; l < result.size(); ++l) {
      result[l].weight.resize(table_size_);
      for (size_t i = 0; i < table_size_; ++i) {
        result[l].weight[i] = options_.shared * parts_[0][i] + parts_[l + 1][i];
      }
      for (size_t c = 0; c < stride_; ++c) {
        result[l].bias[c] = options_.shared * part_bias_[0][c] + part_bias_[l + 1][c];
      }
    }
    return result;
  }

 private:
  void Step(size_t row) {
    const size_t language = rows_.language[row];
    float* const shared = parts_[0].data();
    float* const own = parts_[language + 1].data();
    const size_t begin = rows_.row_begin[row];
    const size_t end = rows_.row_begin[row + 1];
    std::array<float, kMaxClasses> score{};
    for (size_t c = 0; c < stride_; ++c) {
      score[c] = options_.shared * part_bias_[0][c] + part_bias_[language + 1][c];
    }
    for (size_t k = begin; k < end; ++k) {
      const size_t at = rows_.bucket[k] * stride_;
      for (size_t c = 0; c < stride_; ++c) {
        score[c] += rows_.value[k] * (options_.shared * shared[at + c] + own[at + c]);
      }
    }
    std::array<float, kMaxClasses> step{};
    bool moved = false;
    for (size_t c = 0; c < stride_; ++c) {
      const bool positive = rows_.label[row] == c;
      const float y = positive ? 1.0F : -1.0F;
      const float diagonal = positive ? inverse_cost_[language][c] : 0.5F / options_.c;
      float& alpha = alpha_[row * stride_ + c];
      const float gradient = y * score[c] - 1.0F + diagonal * alpha;
      const float next = std::max(0.0F, alpha - gradient / (squared_norm_[row] + diagonal));
      step[c] = (next - alpha) * y;
      moved = moved || step[c] != 0.0F;
      alpha = next;
    }
    if (!moved) return;
    for (size_t c = 0; c < stride_; ++c) {
      part_bias_[0][c] += step[c];
      part_bias_[language + 1][c] += step[c];
    }
    for (size_t k = begin; k < end; ++k) {
      const size_t at = rows_.bucket[k] * stride_;
      for (size_t c = 0; c < stride_; ++c) {
        const float change = step[c] * rows_.value[k];
        shared[at + c] += change;
        own[at + c] += change;
      }
    }
  }

  const TrainingSet& rows_;
  const SvmOptions& options_;
  const size_t stride_;
  const size_t table_size_;
  std::vector<std::vector<float>> parts_;  // [0] is shared, [l + 1] is language l's
  std::vector<std::array<float, kMaxClasses>> part_bias_;
  std::vector<float> alpha_;
  std::vector<float> squared_norm_;
  std::vector<std::array<float, kMaxClasses>> inverse_cost_;  // of positives
};

}  // namespace

void TrainingSet::Add(std::span<const uint32_t> hashes, int bits, uint8_t row_label, uint8_t row_language) {
  std::vector<uint32_t> buckets(hashes.begin(), hashes.end());
  for (uint32_t& hash : buckets) hash >>= 32 - bits;
  std::sort(buckets.begin(), buckets.end());
  const double norm = buckets.empty() ? 0.0 : 1.0 / std::sqrt(static_cast<double>(buckets.size()));
  for (size_t i = 0; i < buckets.size();) {
    size_t next = i;
    while (next < buckets.size() && buckets[next] == buckets[i]) ++next;
    bucket.push_back(buckets[i]);
    value.push_back(static_cast<float>(static_cast<double>(next - i) * norm));
    i = next;
  }
  row_begin.push_back(bucket.size());
  label.push_back(row_label);
  language.push_back(row_language);
}

void TrainingSet::AddToLast(uint32_t feature, float more) {
  const auto row = bucket.begin() + static_cast<ptrdiff_t>(row_begin[row_begin.size() - 2]);
  const auto found = std::find(row, bucket.end(), feature);
  if (found != bucket.end()) {
    value[static_cast<size_t>(found - bucket.begin())] += more;
    return;
  }
  bucket.push_back(feature);
  value.push_back(more);
  row_begin.back() = bucket.size();
}

std::vector<LinearWeights> TrainSvm(const TrainingSet& rows, const SvmOptions& options) {
  DualDescent descent(rows, options);
  descent.Run();
  return descent.Weights();
}

}  // namespace tocsin
