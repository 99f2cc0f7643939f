// The classes of sentiment, apart from the model so that rows and windows need not know it.
#pragma once

#include <cstdint>

namespace tocsin {

// Values are part of the block format and of the model file: never renumber.
enum class SentimentClass : uint8_t {
  kNegative = 0,
  kNeutral = 1,
  kPositive = 2,
  // The language is not covered, the text carries nothing to decide on, or the decision is within the model's
  // abstention margin. Never to be counted as neutral.
  kUnclassified = 3,
};

}  // namespace tocsin
