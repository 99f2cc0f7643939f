// Texts of synthetic posts: put together from phrases, or taken from labelled files where there are some.
//
// Immutable but for its growing list of labelled texts, so thread-safe once filled.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "app/generate/labelled_texts.h"
#include "app/generate/phrases.h"
#include "app/generate/random.h"
#include "app/generate/scenario.h"

namespace tocsin {

class Texts {
 public:
  // `labelled` may be null; otherwise its texts are used wherever it has any of the language and mood.
  explicit Texts(std::shared_ptr<const LabelledTexts> labelled);

  // Appends a text about `mention` (a name, handle or hashtag as it is to appear). Those from phrases are distinct for
  // nearly every state of `random`.
  void AppendBrandText(PostLanguage language, Mood mood, std::string_view mention, Random* random,
                       std::string* out) const;
  // Appends a text about nothing that anybody watches.
  void AppendChatter(PostLanguage language, Random* random, std::string* out) const;

 private:
  const LanguagePhrases& Of(PostLanguage language) const { return phrases_[static_cast<size_t>(language)]; }

  const std::array<LanguagePhrases, kPostLanguages> phrases_;
  const std::shared_ptr<const LabelledTexts> labelled_;
};

}  // namespace tocsin
