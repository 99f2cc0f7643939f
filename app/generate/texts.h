// Texts of synthetic posts, put together from phrases in three languages. All of our own writing.
//
// Immutable tables: thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/generate/random.h"

namespace tocsin {

enum class Mood : uint8_t { kNegative = 0, kNeutral = 1, kPositive = 2 };
enum class PostLanguage : uint8_t { kEnglish, kFrench, kItalian };

std::string_view LanguageTag(PostLanguage language);  // "en"

// Appends a text about `mention` (a name, handle or hashtag as it is to appear). Distinct for nearly every call.
void AppendBrandText(PostLanguage language, Mood mood, std::string_view mention, Random* random, std::string* out);

// Appends a text about nothing that anybody watches.
void AppendChatter(PostLanguage language, Random* random, std::string* out);

}  // namespace tocsin
