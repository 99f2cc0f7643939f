// Seeded texts that reach every rule of the tokeniser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tocsin {

// Sentences in the languages of the model and in scripts that it does not know.
[[nodiscard]] const std::vector<std::string>& SampleSentences();

// Texts of up to `max_bytes`: random bytes, random pieces that matter to the
// tokeniser, and cut and joined sentences, in turn.
[[nodiscard]] std::vector<std::string> SampleTexts(size_t count, size_t max_bytes, uint64_t seed);

}  // namespace tocsin
