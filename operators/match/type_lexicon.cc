#include "operators/match/type_lexicon.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

constexpr size_t kMaxTypeSize = 40;

bool IsTypeName(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kMaxTypeSize && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

class TypeReader {
 public:
  explicit TypeReader(YamlErrors* errors) : errors_(*errors) {}

  TypeTerms Read(const YAML::Node& node) {
    if (!node.IsDefined() || node.IsNull()) return {};
    if (!node.IsSequence()) {
      errors_.Add(node.Mark(), "'types' is not a list", "write - {type: product_safety, terms: [pulled from shelves]}");
      return {};
    }
    for (const YAML::Node& item : node) ReadGroup(item);
    if (read_.terms.size() > kMaxUserTerms) {
      errors_.Add(node.Mark(), absl::StrCat("'types' of ", read_.terms.size(), " terms"),
                  absl::StrCat("at most ", kMaxUserTerms));
    }
    std::ranges::sort(read_.terms, [](const TypeTerm& a, const TypeTerm& b) {
      return std::tie(a.type, a.language, a.text) < std::tie(b.type, b.language, b.text);
    });
    read_.own_types.assign(own_.begin(), own_.end());
    return std::move(read_);
  }

 private:
  void ReadGroup(const YAML::Node& item) {
    const YamlMapping fields(item, "a group of 'types'", {"type", "terms", "lang"}, &errors_);
    if (!fields.valid()) return;
    const std::string type = fields.Required("type", "name the type, a built-in one or one of your own");
    if (!type.empty()) CheckType(type, fields.Get("type").Mark());
    reader_.ReadGroup(fields, [&](const YAML::Mark& mark, UserTerm term) {
      if (seen_.emplace(type, term.language, term.text).second) {
        read_.terms.push_back({std::move(term), type});
      } else {
        errors_.Add(mark, absl::StrCat("'", term.text, "' is in the type '", type, "' twice"), "remove one");
      }
    });
  }

  void CheckType(const std::string& type, const YAML::Mark& mark) {
    if (ClassOfType(type) != nullptr) return;
    if (!IsTypeName(type)) {
      errors_.Add(mark, absl::StrCat("'", type, "' is no type"),
                  absl::StrCat("use a-z, 0-9 and '_', a letter first, at most ", kMaxTypeSize));
      return;
    }
    if (std::ranges::find(kWordlessTypes, type) != kWordlessTypes.end()) {
      errors_.Add(mark, absl::StrCat("no words tell the type '", type, "'"), "name another one");
      return;
    }
    // In `type.terms` of a signal one name must not mean two things.
    const auto* const named = std::ranges::find(kTermClasses, type, &TermClass::name);
    if (named != kTermClasses.end()) {
      errors_.Add(mark, absl::StrCat("'", type, "' is the name of a class of built-in words"),
                  named->type.empty() ? "choose another name" : absl::StrCat("write ", named->type));
      return;
    }
    own_.insert(type);
    if (own_.size() == kOwnTypesMax + 1) {
      errors_.Add(mark, "too many types of your own", absl::StrCat("at most ", kOwnTypesMax));
    }
  }

  YamlErrors& errors_;
  UserTermReader reader_{"types", &errors_};
  TypeTerms read_;
  std::set<std::string> own_;
  std::set<std::tuple<std::string, std::string, std::string>> seen_;  // type, language, term
};

uint32_t BitOf(std::string_view type, std::span<const std::string> own_types) {
  if (const TermClass* const built_in = ClassOfType(type); built_in != nullptr) return built_in->term;
  const auto own = std::ranges::find(own_types, type);
  return uint32_t{1} << (kOwnTypeShift + (own - own_types.begin()));
}

}  // namespace

TypeTerms ReadTypeTerms(const YAML::Node& node, YamlErrors* errors) { return TypeReader(errors).Read(node); }

bool IsKnownType(std::string_view type, std::span<const std::string> own_types) {
  return ClassOfType(type) != nullptr || std::ranges::find(kWordlessTypes, type) != kWordlessTypes.end() ||
         std::ranges::find(own_types, type) != own_types.end();
}

TypeLexicon::TypeLexicon(const TypeTerms& types) {
  std::vector<std::pair<uint64_t, uint32_t>> keys;
  for (const TypeTerm& term : types.terms) {
    keys.emplace_back(term.hashes.front(), static_cast<uint32_t>(terms_.size()));
    terms_.push_back({static_cast<uint32_t>(hashes_.size()), BitOf(term.type, types.own_types),
                      static_cast<uint16_t>(term.hashes.size()), LanguageNumber(term.language)});
    hashes_.insert(hashes_.end(), term.hashes.begin(), term.hashes.end());
  }
  by_first_ = FlatIndex<uint32_t>(std::move(keys));
}

uint32_t TypeLexicon::Terms(const Tokenizer& tokenizer, uint16_t language) const {
  const std::span<const Token> tokens = std::span(tokenizer.tokens()).first(tokenizer.text_tokens());
  uint32_t bits = 0;
  for (size_t at = 0; at < tokens.size(); ++at) {
    if (tokens[at].hash == 0) continue;  // a web address
    for (const uint32_t number : by_first_.Find(tokens[at].hash)) {
      const Term& term = terms_[number];
      if (term.tokens > tokens.size() - at || (term.language != 0 && term.language != language)) continue;
      uint16_t same = 1;
      while (same < term.tokens && tokens[at + same].hash == hashes_[term.first_hash + same]) ++same;
      if (same == term.tokens) bits |= term.bits;
    }
  }
  return bits;
}

size_t TypeLexicon::MemoryBytes() const {
  return terms_.capacity() * sizeof(Term) + hashes_.capacity() * sizeof(uint64_t) + by_first_.MemoryBytes();
}

}  // namespace tocsin
