#include "app/generate/phrases.h"

namespace tocsin {
namespace {

constexpr auto kNegative = std::to_array<std::string_view>({
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
constexpr auto kNeutral = std::to_array<std::string_view>({
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
constexpr auto kPositive = std::to_array<std::string_view>({
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
constexpr auto kNegativeTails = std::to_array<std::string_view>({
    "this is a scandal",
    "fix it now",
    "worst day",
    "so annoying",
    "I am furious",
    "unbelievable and sad",
    "what a joke",
    "terrible, just terrible",
    "they should be ashamed",
    "I hate it",
    "never buying again",
    "very bad",
    "total failure",
    "I feel cheated",
    "do not trust them",
    "sick of this",
});
constexpr auto kNeutralTails = std::to_array<std::string_view>({
    "at ten",
    "on Monday",
    "in the afternoon",
    "see the link",
    "according to the paper",
    "for the record",
    "this week",
    "via the app",
    "part two",
    "as scheduled",
});
constexpr auto kPositiveTails = std::to_array<std::string_view>({
    "love it",
    "so good",
    "best day",
    "can't wait for more",
    "highly recommended",
    "thank you so much",
    "great stuff",
    "awesome",
    "I am so happy",
    "beautiful",
    "well done",
    "five stars",
    "amazing",
    "wonderful",
});
constexpr auto kChatter = std::to_array<std::string_view>({
    "coffee first, then the long walk by the river",
    "the rain has stopped and the garden smells of earth",
    "finished the book last night, the end surprised me",
    "my cat sleeps on the keyboard again",
    "new bread recipe, more salt next time",
    "football in the park at six, who is in",
    "the train was on time for once",
    "learning to play the old piano in the hall",
    "watching the stars from the balcony",
    "homework done, film tonight",
    "who knows a good dentist around here",
    "the dog found a frog and is very proud",
});
constexpr auto kDetails = std::to_array<std::string_view>({
    "gate",
    "order",
    "ticket",
    "line",
    "case",
    "room",
    "seat",
    "floor",
    "desk",
    "page",
    "step",
    "call",
    "door",
    "row",
});

}  // namespace

LanguagePhrases EnglishPhrases() {
  return {{kNegative, kNeutral, kPositive}, {kNegativeTails, kNeutralTails, kPositiveTails}, kChatter, kDetails};
}

}  // namespace tocsin
