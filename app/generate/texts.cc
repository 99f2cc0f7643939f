#include "app/generate/texts.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

constexpr auto kPlaces = std::to_array<std::string_view>(
    {"Lyon", "Milano", "Leeds", "Porto", "Boston", "Nantes", "Torino", "Dublin", "Austin",
     "Gent", "Bari",   "Lille", "Derby", "Parma",  "Oslo",   "Denver", "Turku",  "Graz",
     "Cork", "Basel",  "Nice",  "Siena", "Bath",   "York",   "Bonn",   "Lecce"});

std::string_view Pick(Phrases phrases, Random* random) {
  return phrases[random->Below(static_cast<uint32_t>(phrases.size()))];
}

// What makes nearly every text its own: a place and a number, as people give them.
void AppendDetail(Phrases details, Random* random, std::string* out) {
  out->append(" ").append(Pick(kPlaces, random)).append(" ").append(Pick(details, random));
  absl::StrAppend(out, " ", random->Below(9'000) + 10);
}

// What the files of labelled posts put in place of names and links.
constexpr std::string_view kSomeone = "@user";
constexpr std::string_view kLink = "http";

// The first "@user" becomes the brand, others other people; without any, the brand comes first.
void AppendLabelled(std::string_view text, std::string_view mention, Random* random, std::string* out) {
  bool is_named = text.find(kSomeone) == std::string_view::npos;
  if (is_named) out->append(mention).append(" ");
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const bool begins_word = at == 0 || text[at - 1] == ' ';
    if (begins_word && rest.starts_with(kSomeone)) {
      if (is_named) {
        absl::StrAppend(out, "@person", random->Below(1'000'000));
      } else {
        out->append(mention);
      }
      is_named = true;
      at += kSomeone.size();
    } else if (begins_word && rest.starts_with(kLink) && (rest.size() == kLink.size() || rest[kLink.size()] == ' ')) {
      absl::StrAppend(out, "https://t.example/", random->Below(1'000'000'000));
      at += kLink.size();
    } else {
      out->push_back(text[at++]);
    }
  }
}

}  // namespace

Texts::Texts(std::shared_ptr<const LabelledTexts> labelled)
    : phrases_{EnglishPhrases(), FrenchPhrases(),  ItalianPhrases(),
               GermanPhrases(),  SpanishPhrases(), PortuguesePhrases()},
      labelled_(std::move(labelled)) {}

void Texts::AppendBrandText(PostLanguage language, Mood mood, std::string_view mention, Random* random,
                            std::string* out) const {
  if (labelled_ != nullptr) {
    if (const auto texts = labelled_->Of(language, mood); !texts.empty()) {
      return AppendLabelled(texts[random->Below(static_cast<uint32_t>(texts.size()))], mention, random, out);
    }
  }
  const LanguagePhrases& phrases = Of(language);
  const auto of_mood = static_cast<size_t>(mood);
  const std::string_view opening = Pick(phrases.openings[of_mood], random);
  const size_t place = opening.find("{}");
  out->append(opening.substr(0, place)).append(mention).append(opening.substr(place + 2));
  out->append(", ").append(Pick(phrases.tails[of_mood], random));
  AppendDetail(phrases.details, random, out);
}

void Texts::AppendChatter(PostLanguage language, Random* random, std::string* out) const {
  out->append(Pick(Of(language).chatter, random));
  AppendDetail(Of(language).details, random, out);
}

}  // namespace tocsin
