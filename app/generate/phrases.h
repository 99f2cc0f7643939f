// The phrases that synthetic posts are put together from, language by language. All of our own writing.
//
// Immutable tables: thread-safe.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "app/generate/scenario.h"

namespace tocsin {

using Phrases = std::span<const std::string_view>;

struct LanguagePhrases {
  std::array<Phrases, kMoods> openings;  // "{}" is where the brand goes
  std::array<Phrases, kMoods> tails;     // put behind a comma
  Phrases chatter;                       // about nothing that anybody watches
  Phrases details;                       // things that have numbers
};

LanguagePhrases EnglishPhrases();
LanguagePhrases FrenchPhrases();
LanguagePhrases ItalianPhrases();
LanguagePhrases GermanPhrases();
LanguagePhrases SpanishPhrases();
LanguagePhrases PortuguesePhrases();

}  // namespace tocsin
