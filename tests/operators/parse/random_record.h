// Random JSON records around a field mapping: right and wrong types, nulls, duplicate keys, shuffled order, escapes,
// white space, HTML, ids that refer to each other, envelopes, and keys and containers that nobody asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/parse/mapping.h"

namespace tocsin {

// The same seed gives the same records. Not thread-safe.
class RandomRecords {
 public:
  RandomRecords(MappingSpec spec, uint64_t seed) : spec_(std::move(spec)), random_(seed) {}

  // Always valid JSON. About half are usable posts.
  std::string Next();

 private:
  struct Value;
  using Members = std::vector<std::pair<std::string, std::unique_ptr<Value>>>;
  struct Value {
    std::string scalar;  // as it is written; empty for containers
    bool is_array = false;
    Members members;  // of an array the keys do not count
  };

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  template <typename T, size_t kSize>
  const T& Pick(const T (&choices)[kSize]) {
    return choices[Below(kSize)];
  }

  void PlaceSelected(Value* at, const std::vector<std::string>& tokens, size_t token, PostField field);
  void Place(Value* at, const std::vector<std::string>& tokens, size_t token, PostField field);
  std::string IdFromAFew();
  std::string Written();
  std::unique_ptr<Value> Scalar(PostField field);
  std::unique_ptr<Value> Noise(int depth);
  std::string Quoted(std::string_view text);
  std::string RandomText();
  std::string TimeValue();
  std::string ScalarFor(PostField field);
  void Shuffle(Value* value);
  void Write(const Value& value, std::string* out);
  void Space(std::string* out);

  MappingSpec spec_;
  std::mt19937_64 random_;
  // Of the place that is being filled.
  bool slices_ = false;
  bool markup_ = false;
  std::string accepted_;  // what a condition asks for, as it is written
};

}  // namespace tocsin
