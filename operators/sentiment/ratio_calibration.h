// What the classifier says of posts whose true sentiment is known: the base on which a published ratio is corrected and
// given an interval. Stored in a model file, or in a file of its own (docs/formats/SENTIMENT_MODEL.md).
#pragma once

#include <cstdint>
#include <string>

namespace tocsin {

// A post's measure is a number from 0 to 1 that is higher for negative posts: with kShipped 1 if it was classified as
// negative, else 0; with kOwn its level of negativity divided by kNegativityLevels - 1.
struct RatioCalibration {
  enum class Kind : uint8_t {
    kNone = 0,     // nothing is known: intervals hold sampling error only
    kShipped = 1,  // labelled posts of other domains: `error` is what differs from one set of posts to the next
    kOwn = 2,      // labelled posts of the user's own domain
  };
  struct Measure {  // over the posts of one true class
    double mean = 0;
    double variance = 0;  // among posts
    double error = 0;     // of `mean`, as a variance, with allowance for few posts

    friend bool operator==(const Measure&, const Measure&) = default;
  };

  Kind kind = Kind::kNone;
  std::string name;  // UTF-8, at most 47 bytes, as published
  Measure negative;
  Measure other;
  int64_t negatives = 0;  // labelled posts behind it
  int64_t others = 0;

  friend bool operator==(const RatioCalibration&, const RatioCalibration&) = default;
};

// How negative a post is, by the classifier's margin: 0 (surely not) to kNegativityLevels - 1.
inline constexpr int kNegativityLevels = 6;

}  // namespace tocsin
