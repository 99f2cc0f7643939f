#include "operators/ingest/aspect.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "absl/log/check.h"

namespace tocsin {
namespace {

enum Strength : uint8_t { kNoBorder = 0, kPause = 1, kContrast = 2, kSentence = 3 };

struct BorderWords {
  std::string_view language;
  std::string_view pauses;  // folded, a space before and behind each
  std::string_view contrasts;
};

constexpr std::array<BorderWords, 6> kBorderWords = {{
    {"en", " and ", " but whereas while although though however nevertheless "},
    {"fr", " et ", " mais tandis alors pourtant cependant toutefois contrairement "},
    {"it", " e ed ", " ma mentre pero tuttavia eppure bensi "},
    {"de", " und ", " aber sondern wahrend obwohl "},
    {"es", " y e ", " pero mientras aunque sino "},
    {"pt", " e ", " mas enquanto porem embora "},
}};

bool HasWord(std::string_view words, std::string_view word) {
  const size_t at = words.find(word);
  if (word.empty() || at == std::string_view::npos) return false;
  return at > 0 && words[at - 1] == ' ' && words[at + word.size()] == ' ';
}

Strength StrengthOfWord(std::string_view word, std::string_view language) {
  const auto* const found = std::ranges::find(kBorderWords, language, &BorderWords::language);
  if (found == kBorderWords.end()) return kNoBorder;
  if (HasWord(found->contrasts, word)) return kContrast;
  return HasWord(found->pauses, word) ? kPause : kNoBorder;
}

bool HasAny(std::string_view gap, std::initializer_list<std::string_view> signs) {
  return std::ranges::any_of(signs, [gap](std::string_view sign) { return gap.find(sign) != std::string_view::npos; });
}

// Of what stands between two tokens.
Strength StrengthOfGap(std::string_view gap) {
  const bool space = gap.find_first_of(" \t\r\n") != std::string_view::npos;
  if (HasAny(gap, {"!", "?", "\n", "..", "\u2026", "\u3002", "\uFF01", "\uFF1F", "\u061F", "\u0964"})) return kSentence;
  if (space && gap.find('.') != std::string_view::npos) return kSentence;
  if (HasAny(gap, {"\u2013", "\u2014", " - ", "|", "\u061B"})) return kContrast;
  // Not that of "&amp;".
  if (gap.find(';') != std::string_view::npos && gap.find('&') == std::string_view::npos) return kContrast;
  return HasAny(gap, {",", "\u060C", "\u3001"}) ? kPause : kNoBorder;
}

size_t SignSize(const Token& token) {
  if (token.kind != TokenKind::kHashtag && token.kind != TokenKind::kHandle && token.kind != TokenKind::kCashtag) {
    return 0;
  }
  constexpr size_t kFullWidthSign = 3;
  return (static_cast<unsigned char>(token.raw[-1]) & 0x80) != 0 ? kFullWidthSign : 1;
}

}  // namespace

size_t AspectFinder::BeginOf(uint32_t token) const {
  const Token& at = tokenizer_->tokens()[token];
  return static_cast<size_t>(at.raw - text_.data()) - SignSize(at);
}

int AspectFinder::BorderBefore(uint32_t token, std::string_view language) const {
  const Token& before = tokenizer_->tokens()[token - 1];
  const size_t end = static_cast<size_t>(before.raw - text_.data()) + before.raw_size;
  const size_t begin = BeginOf(token);
  const Strength of_gap = begin > end ? StrengthOfGap(text_.substr(end, begin - end)) : kNoBorder;
  const Token& behind = tokenizer_->tokens()[token];
  const bool word = behind.kind == TokenKind::kWord;
  return std::max(of_gap, word ? StrengthOfWord(tokenizer_->Folded(behind), language) : kNoBorder);
}

void AspectFinder::Find(const Tokenizer& tokenizer, std::string_view text, std::span<const NameSpan> names,
                        std::string_view language) {
  tokenizer_ = &tokenizer;
  text_ = text;
  language_ = language;
  names_.assign(names.begin(), names.end());
  std::ranges::sort(names_, [](const NameSpan& a, const NameSpan& b) {
    return std::tuple(a.tokens.begin, a.tokens.end, a.brand) < std::tuple(b.tokens.begin, b.tokens.end, b.brand);
  });
  cuts_.clear();
  strongest_ = 0;
  for (size_t i = 0; i + 1 < names_.size(); ++i) {
    Cut cut{0, kNoBorder};
    if (names_[i].brand != names_[i + 1].brand) {
      for (uint32_t token = names_[i].tokens.end; token <= names_[i + 1].tokens.begin; ++token) {
        const int level = BorderBefore(token, language);
        if (level > kNoBorder && level >= cut.level) cut = {token, level};
      }
    }
    strongest_ = std::max(strongest_, cut.level);
    cuts_.push_back(cut);
  }
}

void AspectFinder::AddPiece(TokenSpan tokens, size_t begin, size_t end) {
  if (!aspect_.text.empty()) aspect_.text.push_back(' ');
  aspect_.text.append(text_.substr(begin, end - begin));
  aspect_.tokens.push_back(tokens);
  for (uint32_t token = tokens.begin; token < tokens.end; ++token) {
    const Token& at = tokenizer_->tokens()[token];
    const bool link = at.kind == TokenKind::kUrl;
    const bool border = at.kind == TokenKind::kWord && StrengthOfWord(tokenizer_->Folded(at), language_) != kNoBorder;
    const bool name = std::ranges::any_of(
        names_, [token](const NameSpan& each) { return each.tokens.begin <= token && token < each.tokens.end; });
    if (!link && !border && !name) ++aspect_.words;
  }
}

const Aspect& AspectFinder::Of(uint32_t brand, int level) {
  aspect_.text.clear();
  aspect_.tokens.clear();
  aspect_.words = 0;
  TokenSpan piece{0, 0};
  size_t begin = 0;
  bool has_brand = false;
  for (size_t i = 0; i < names_.size(); ++i) {
    has_brand |= names_[i].brand == brand;
    const bool last = i + 1 == names_.size();
    if (!last && cuts_[i].level < level) continue;
    piece.end = last ? static_cast<uint32_t>(tokenizer_->text_tokens()) : cuts_[i].token;
    const size_t end = last ? text_.size() : BeginOf(cuts_[i].token);
    if (has_brand) AddPiece(piece, begin, end);
    piece.begin = piece.end;
    begin = end;
    has_brand = false;
  }
  return aspect_;
}

}  // namespace tocsin
