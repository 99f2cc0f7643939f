#include "app/generate/texts.h"

#include <array>
#include <span>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

using Phrases = std::span<const std::string_view>;

// "{}" is where the brand goes.
constexpr auto kEnglishNegative = std::to_array<std::string_view>({
    "I am so angry with {}, this is the worst service ever",
    "{} cancelled everything and nobody answers, terrible",
    "never again {}, absolutely disgusting how they treat people",
    "what a disgrace {}, I want my money back",
    "{} is awful, broken again and no apology",
    "shame on {}, this is unacceptable and sad",
    "horrible experience with {} today, I hate this",
    "{} lied to us, worst company, so disappointed",
    "still waiting for {}, three hours, what a horrible mess",
    "{} ruined my day, useless support and rude staff",
    "boycott {}, they do not care about people, disgusting",
    "I have never been so disappointed as with {}, pathetic",
});
constexpr auto kEnglishNegativeTails = std::to_array<std::string_view>(
    {"this is a scandal", "fix it now", "worst day", "so annoying", "I am furious", "unbelievable and sad",
     "what a joke", "terrible, just terrible", "they should be ashamed", "I hate it", "never buying again", "very bad",
     "total failure", "I feel cheated", "do not trust them", "sick of this"});
constexpr auto kEnglishPositive = std::to_array<std::string_view>({
    "I love {}, best service ever",
    "thank you {}, you made my day, so happy",
    "{} is amazing, great team and lovely people",
    "what a wonderful surprise from {}, awesome",
    "so excited about the new {}, it looks beautiful",
    "{} just won me over, excellent and friendly",
    "great job {}, really good work",
    "happy with {}, the best choice I made this year",
    "perfect evening thanks to {}, love it",
    "{} rocks, fantastic quality",
});
constexpr auto kEnglishPositiveTails = std::to_array<std::string_view>(
    {"love it", "so good", "best day", "can't wait for more", "highly recommended", "thank you so much", "great stuff",
     "awesome", "I am so happy", "beautiful", "well done", "five stars", "amazing", "wonderful"});
constexpr auto kEnglishNeutral = std::to_array<std::string_view>({
    "{} opens at nine tomorrow",
    "reading about {} on the train",
    "meeting with {} on Tuesday at the office",
    "{} announces the date of its next event",
    "there is a {} near the station",
    "the report on {} comes out on Thursday",
    "does anybody know where {} is in this town",
    "{} will present its figures on Monday",
    "today's list: {}, the bank, the library",
    "a friend works at {} since March",
});
constexpr auto kEnglishNeutralTails = std::to_array<std::string_view>(
    {"at ten", "on Monday", "in the afternoon", "see the link", "according to the paper", "for the record", "this week",
     "via the app", "part two", "as scheduled"});

constexpr auto kFrenchNegative = std::to_array<std::string_view>({
    "quelle honte {}, service lamentable et personne ne répond",
    "{} est nul, je suis vraiment déçu et en colère",
    "plus jamais {}, c'est scandaleux",
    "{} ment à ses clients, c'est inadmissible",
    "le pire service, merci {} pour rien, dégoûté",
    "{} une catastrophe, encore en panne, quelle honte",
});
constexpr auto kFrenchPositive = std::to_array<std::string_view>({
    "merci {}, super équipe, je suis ravi",
    "j'adore {}, un vrai plaisir",
    "bravo {}, excellent travail, magnifique",
    "{} est génial, très belle surprise",
});
constexpr auto kFrenchNeutral = std::to_array<std::string_view>({
    "{} ouvre demain à neuf heures",
    "réunion avec {} mardi au bureau",
    "le rapport sur {} paraît jeudi",
    "il y a un {} près de la gare",
});
constexpr auto kItalianNegative = std::to_array<std::string_view>({
    "che vergogna {}, servizio pessimo e nessuno risponde",
    "{} fa schifo, sono arrabbiato e deluso",
    "mai più {}, uno scandalo",
    "{} il peggio, ancora guasto, vergogna",
});
constexpr auto kItalianPositive = std::to_array<std::string_view>({
    "grazie {}, bravissimi, sono felice",
    "adoro {}, bellissimo",
    "complimenti {}, ottimo lavoro, che meraviglia",
});
constexpr auto kItalianNeutral = std::to_array<std::string_view>({
    "{} apre domani alle nove",
    "riunione con {} martedì in ufficio",
    "il rapporto su {} esce giovedì",
});
constexpr auto kPlaces = std::to_array<std::string_view>(
    {"Lyon", "Milano", "Leeds", "Porto", "Boston", "Nantes", "Torino", "Dublin", "Austin",
     "Gent", "Bari",   "Lille", "Derby", "Parma",  "Oslo",   "Denver", "Turku",  "Graz",
     "Cork", "Basel",  "Nice",  "Siena", "Bath",   "York",   "Bonn",   "Lecce"});
constexpr auto kDetails = std::to_array<std::string_view>({"gate", "order", "ticket", "line", "case", "room", "seat",
                                                           "floor", "desk", "page", "step", "call", "door", "row"});
constexpr auto kChatter = std::to_array<std::string_view>({
    "coffee first, then the long walk by the river",
    "the rain has stopped and the garden smells of earth",
    "finished the book last night, the end surprised me",
    "my cat sleeps on the keyboard again",
    "new bread recipe, more salt next time",
    "football in the park at six, who is in",
    "the train was on time for once",
    "learning to play the old piano in the hall",
    "la pluie tombe sur les toits de la ville",
    "oggi mercato, pomodori e basilico",
    "watching the stars from the balcony",
    "homework done, film tonight",
    "who knows a good dentist around here",
    "the dog found a frog and is very proud",
});

std::string_view Pick(Phrases phrases, Random* random) {
  return phrases[random->Below(static_cast<uint32_t>(phrases.size()))];
}

Phrases Openings(PostLanguage language, Mood mood) {
  switch (language) {
    case PostLanguage::kEnglish:
      return mood == Mood::kNegative ? Phrases(kEnglishNegative)
                                     : (mood == Mood::kPositive ? Phrases(kEnglishPositive) : Phrases(kEnglishNeutral));
    case PostLanguage::kFrench:
      return mood == Mood::kNegative ? Phrases(kFrenchNegative)
                                     : (mood == Mood::kPositive ? Phrases(kFrenchPositive) : Phrases(kFrenchNeutral));
    case PostLanguage::kItalian:
      return mood == Mood::kNegative ? Phrases(kItalianNegative)
                                     : (mood == Mood::kPositive ? Phrases(kItalianPositive) : Phrases(kItalianNeutral));
  }
  return kEnglishNeutral;
}

// What makes nearly every text its own: a place and a number, as people give them.
void AppendDetail(Random* random, std::string* out) {
  absl::StrAppend(out, " ", Pick(kPlaces, random), " ", Pick(kDetails, random), " ", random->Below(900) + 10);
}

}  // namespace

std::string_view LanguageTag(PostLanguage language) {
  switch (language) {
    case PostLanguage::kEnglish:
      return "en";
    case PostLanguage::kFrench:
      return "fr";
    case PostLanguage::kItalian:
      return "it";
  }
  return "en";
}

void AppendBrandText(PostLanguage language, Mood mood, std::string_view mention, Random* random, std::string* out) {
  const std::string_view opening = Pick(Openings(language, mood), random);
  const size_t place = opening.find("{}");
  absl::StrAppend(out, opening.substr(0, place), mention, opening.substr(place + 2));
  if (language == PostLanguage::kEnglish) {
    const Phrases tails = mood == Mood::kNegative ? Phrases(kEnglishNegativeTails)
                                                  : (mood == Mood::kPositive ? Phrases(kEnglishPositiveTails)
                                                                             : Phrases(kEnglishNeutralTails));
    absl::StrAppend(out, ", ", Pick(tails, random));
  }
  AppendDetail(random, out);
}

void AppendChatter(PostLanguage language, Random* random, std::string* out) {
  (void)language;
  absl::StrAppend(out, Pick(kChatter, random));
  AppendDetail(random, out);
}

}  // namespace tocsin
