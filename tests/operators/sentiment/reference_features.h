// The features of a text by the plainest reading of
// docs/formats/SENTIMENT_MODEL.md: the reference for the fast tokeniser.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tocsin {

// Sorted.
[[nodiscard]] std::vector<uint32_t> ReferenceFeatures(std::string_view text);

}  // namespace tocsin
