#include "operators/match/query_lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tocsin {
namespace {

constexpr std::string_view kFields = "author, is, lang, network, rating, site, tag, url";

// Length of a white-space character at the start; 0 if there is none.
size_t Space(std::string_view text) {
  if (text.empty()) return 0;
  if (absl::ascii_isspace(static_cast<unsigned char>(text.front()))) return 1;
  if (text.starts_with("\u00A0")) return 2;
  return text.starts_with("\u3000") ? 3 : 0;
}

// Length of a double quote, straight or typographic, at the start; 0 if there is none.
size_t Quote(std::string_view text) {
  if (text.starts_with('"')) return 1;
  return text.starts_with("\u201C") || text.starts_with("\u201D") || text.starts_with("\u201E") ? 3 : 0;
}

bool EndsBareWord(std::string_view text) {
  return Space(text) > 0 || Quote(text) > 0 || std::string_view("(){}").find(text.front()) != std::string_view::npos;
}

bool IsOperatorWord(std::string_view lower) {
  return lower == "and" || lower == "or" || lower == "not" || lower == "near" || lower == "onear" ||
         lower.starts_with("near/") || lower.starts_with("onear/");
}

bool IsSymbolOperator(std::string_view word) {
  return word == "|" || word == "||" || word == "&" || word == "&&" || word == "!" || word == "+" || word == "-";
}

bool IsLanguage(std::string_view value) {
  const std::string_view primary = value.substr(0, value.find('-'));
  if (primary.size() < 2 || primary.size() > 3 || value.ends_with('-')) return false;
  return std::all_of(primary.begin(), primary.end(),
                     [](char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }) &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return c == '-' || absl::ascii_isalnum(static_cast<unsigned char>(c)); });
}

}  // namespace

Lexeme QueryLexer::Fail(size_t offset, std::string what, std::string remedy) {
  error_ = {offset, std::move(what), std::move(remedy)};
  Lexeme lexeme;
  lexeme.kind = LexemeKind::kError;
  lexeme.offset = offset;
  return lexeme;
}

Lexeme QueryLexer::Next() {
  while (const size_t space = Space(query_.substr(position_))) position_ += space;
  const std::string_view rest = query_.substr(position_);
  Lexeme lexeme;
  lexeme.offset = position_;
  if (rest.empty()) return lexeme;
  if (const size_t quote = Quote(rest)) return Quoted(quote);
  switch (rest.front()) {
    case '(':
    case ')':
      lexeme.kind = rest.front() == '(' ? LexemeKind::kOpen : LexemeKind::kClose;
      lexeme.source = rest.substr(0, 1);
      ++position_;
      return lexeme;
    case '{':
      return Braced();
    case '}':
      return Fail(position_, "'}' without '{'", "write {Case Sensitive} with both braces");
    default:
      return Bare();
  }
}

size_t QueryLexer::CloseQuote(size_t from, size_t* close_size) const {
  for (size_t i = from; i < query_.size(); ++i) {
    *close_size = Quote(query_.substr(i));
    if (*close_size > 0) return i;
  }
  return std::string_view::npos;
}

std::string_view QueryLexer::BareWord() const {
  size_t end = position_;
  while (end < query_.size() && !EndsBareWord(query_.substr(end))) ++end;
  return query_.substr(position_, end - position_);
}

bool QueryLexer::TakeTokens(std::string_view text, size_t text_offset, QueryNode* term) {
  const std::vector<Token>& tokens = tokenizer_.tokens();
  const std::string shown(text.substr(0, 60));
  if (tokens.empty()) {
    Fail(text_offset, absl::StrCat("no word in '", shown, "'"), "a term needs a letter, a digit or an emoji");
    return false;
  }
  if (tokens.size() > kMaxPhraseTokens) {
    Fail(text_offset, absl::StrCat("a phrase of ", tokens.size(), " words"),
         absl::StrCat("shorten it to ", kMaxPhraseTokens, " or join two with AND"));
    return false;
  }
  for (const Token& token : tokens) {
    if (token.kind == TokenKind::kUrl) {
      Fail(text_offset, absl::StrCat("'", shown, "' is a URL, which is not part of the words"),
           "write url:\"...\" or site:host");
      return false;
    }
    const std::string_view raw(token.raw, token.raw_size);
    term->tokens.push_back({token.kind, std::string(tokenizer_.Folded(token)), std::string(raw),
                            options_.keep_accents ? FoldKeepingAccents(raw) : ""});
  }
  term->keep_accents = options_.keep_accents;
  return true;
}

Lexeme QueryLexer::TextTerm(std::string_view text, size_t offset, size_t text_offset) {
  Lexeme lexeme;
  lexeme.kind = LexemeKind::kTerm;
  lexeme.offset = offset;
  lexeme.source = query_.substr(offset, position_ - offset);
  lexeme.term.offset = offset;
  tokenizer_.Reset({});
  tokenizer_.AddText(text);
  if (!TakeTokens(text, text_offset, &lexeme.term)) lexeme.kind = LexemeKind::kError;
  return lexeme;
}

Lexeme QueryLexer::PlainTerm(std::string_view text, TokenKind kind, size_t offset, size_t text_offset) {
  Lexeme lexeme;
  lexeme.kind = LexemeKind::kTerm;
  lexeme.offset = offset;
  lexeme.source = query_.substr(offset, position_ - offset);
  lexeme.term.offset = offset;
  tokenizer_.Reset({});
  tokenizer_.AddPlain(text, kind);
  if (!TakeTokens(text, text_offset, &lexeme.term)) lexeme.kind = LexemeKind::kError;
  return lexeme;
}

Lexeme QueryLexer::Quoted(size_t open_size) {
  const size_t offset = position_;
  const size_t begin = position_ + open_size;
  size_t close_size = 0;
  const size_t end = CloseQuote(begin, &close_size);
  if (end == std::string_view::npos) return Fail(offset, "a quote that is not closed", "add the closing \"");
  position_ = end + close_size;
  const std::string_view after = query_.substr(position_);
  if (after.starts_with('~')) {
    return Fail(position_, "'~' after a phrase", "write the distance as (one NEAR/5 two)");
  }
  if (after.starts_with('*')) {
    return Fail(position_, "a prefix of a phrase", "only a single word may end in '*', without quotes");
  }
  return TextTerm(query_.substr(begin, end - begin), offset, begin);
}

Lexeme QueryLexer::Braced() {
  const size_t offset = position_;
  const size_t end = query_.find('}', position_);
  if (end == std::string_view::npos) return Fail(offset, "'{' that is not closed", "add the closing '}'");
  position_ = end + 1;
  Lexeme lexeme = TextTerm(query_.substr(offset + 1, end - offset - 1), offset, offset + 1);
  lexeme.term.case_sensitive = true;
  lexeme.term.keep_accents = false;  // they count as it is
  return lexeme;
}

Lexeme QueryLexer::Near(std::string_view word, size_t offset) {
  Lexeme lexeme;
  lexeme.kind = LexemeKind::kNear;
  lexeme.offset = offset;
  lexeme.source = word;
  lexeme.ordered = word.front() == 'O';
  const size_t slash = word.find('/');
  if (slash == std::string_view::npos || !absl::SimpleAtoi(word.substr(slash + 1), &lexeme.distance) ||
      lexeme.distance < 1 || lexeme.distance > kMaxNearDistance) {
    return Fail(offset, absl::StrCat("'", word, "' has no distance from 1 to ", kMaxNearDistance),
                absl::StrCat("write ", word.substr(0, slash), "/5"));
  }
  return lexeme;
}

Lexeme QueryLexer::Bare() {
  const size_t offset = position_;
  const std::string_view word = BareWord();
  position_ += word.size();
  Lexeme lexeme;
  lexeme.offset = offset;
  lexeme.source = word;
  if (word == "AND" || word == "OR" || word == "NOT") {
    lexeme.kind = word == "AND" ? LexemeKind::kAnd : word == "OR" ? LexemeKind::kOr : LexemeKind::kNot;
    return lexeme;
  }
  if (word == "NEAR" || word == "ONEAR" || word.starts_with("NEAR/") || word.starts_with("ONEAR/")) {
    return Near(word, offset);
  }
  if (const std::string lower = absl::AsciiStrToLower(word); IsOperatorWord(lower)) {
    return Fail(offset, absl::StrCat("'", word, "' is neither an operator nor a quoted word"),
                absl::StrCat("write ", absl::AsciiStrToUpper(word), " for the operator, \"", word, "\" for the word"));
  }
  if (IsSymbolOperator(word)) {
    return Fail(offset, absl::StrCat("'", word, "' is no operator"), "write AND, OR or NOT");
  }
  if (word.front() == '-') {
    return Fail(offset, "a term that starts with '-'", "write NOT to exclude it, or quote it");
  }
  const size_t colon = word.find(':');
  if (colon != std::string_view::npos && colon > 0 &&
      std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(colon),
                  [](char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }) &&
      !absl::StartsWith(word.substr(colon), "://")) {
    position_ = offset + colon + 1;
    return Field(word.substr(0, colon), offset);
  }
  const size_t star = word.find('*');
  const bool prefix = star == word.size() - 1;
  if (star != std::string_view::npos && !prefix) {
    return Fail(offset + star, "'*' inside a word", "only a word's end may be left open: word*");
  }
  lexeme = TextTerm(prefix ? word.substr(0, star) : word, offset, offset);
  if (lexeme.kind != LexemeKind::kTerm) return lexeme;
  const LiteralToken& first = lexeme.term.tokens.front();
  if ((word.front() == '#' && first.kind != TokenKind::kHashtag) ||
      (word.front() == '@' && first.kind != TokenKind::kHandle) ||
      (word.front() == '$' && first.kind != TokenKind::kCashtag)) {
    return Fail(offset, absl::StrCat("'", word, "' is no hashtag, handle or cashtag"),
                "a hashtag needs a letter, a handle ASCII letters or digits, a cashtag up to ten letters; quote it to "
                "search the words");
  }
  if (prefix) {
    if (lexeme.term.tokens.size() != 1) {
      return Fail(offset, absl::StrCat("'", word, "' is a prefix of several words"), "use a prefix of one word");
    }
    if (first.folded.size() < 2) {
      return Fail(offset, absl::StrCat("the prefix '", word, "' is too short"), "give at least two letters");
    }
    if (first.folded.size() > kMaxPrefixBytes) {
      return Fail(offset, absl::StrCat("a prefix of ", first.folded.size(), " bytes"),
                  absl::StrCat("give at most ", kMaxPrefixBytes));
    }
    lexeme.term.prefix = true;
  }
  return lexeme;
}

Lexeme QueryLexer::RatingField(std::string_view value, size_t offset, Lexeme lexeme) {
  int low = 1;
  int high = 5;
  bool valid = true;
  if (value.starts_with(">=")) {
    valid = absl::SimpleAtoi(value.substr(2), &low);
  } else if (value.starts_with("<=")) {
    valid = absl::SimpleAtoi(value.substr(2), &high);
  } else if (const size_t dots = value.find(".."); dots != std::string_view::npos) {
    valid = absl::SimpleAtoi(value.substr(0, dots), &low) && absl::SimpleAtoi(value.substr(dots + 2), &high);
  } else {
    valid = absl::SimpleAtoi(value, &low);
    high = low;
  }
  if (!valid || low < 1 || high > 5 || low > high) {
    return Fail(offset, absl::StrCat("rating '", value, "' is not in 1 to 5"),
                "write rating:1, rating:1..2, rating:<=2 or rating:>=4");
  }
  lexeme.term.op = QueryOp::kRating;
  lexeme.term.rating_min = low;
  lexeme.term.rating_max = high;
  return lexeme;
}

Lexeme QueryLexer::Field(std::string_view name, size_t offset) {
  const std::string field = absl::AsciiStrToLower(name);
  std::string_view value;
  size_t value_offset = position_;
  const bool words = field == "url" || field == "tag";
  if (const size_t quote = Quote(query_.substr(position_))) {
    size_t close_size = 0;
    value_offset = position_ + quote;
    const size_t end = CloseQuote(value_offset, &close_size);
    if (end == std::string_view::npos) return Fail(position_, "a quote that is not closed", "add the closing \"");
    value = query_.substr(value_offset, end - value_offset);
    position_ = end + close_size;
  } else {
    value = BareWord();
    position_ += value.size();
  }
  static constexpr std::string_view kNames[] = {"author", "is", "lang", "network", "rating", "site", "tag", "url"};
  if (std::find(std::begin(kNames), std::end(kNames), field) == std::end(kNames)) {
    return Fail(offset, absl::StrCat("unknown field '", name, ":'"),
                absl::StrCat("the fields are ", kFields, "; quote it to search the words"));
  }
  if (value.empty())
    return Fail(offset, absl::StrCat("'", name, ":' without a value"), "write it right after the colon");
  if (words) {
    if (value.find('*') != std::string_view::npos) {
      return Fail(value_offset + value.find('*'), absl::StrCat("'*' in '", name, ":'"), "it matches whole words only");
    }
    return PlainTerm(value, field == "url" ? TokenKind::kUrlPiece : TokenKind::kTagPiece, offset, value_offset);
  }
  Lexeme lexeme;
  lexeme.kind = LexemeKind::kTerm;
  lexeme.offset = offset;
  lexeme.source = query_.substr(offset, position_ - offset);
  lexeme.term.offset = offset;
  const std::string lower = absl::AsciiStrToLower(value);
  if (field == "rating") return RatingField(value, value_offset, std::move(lexeme));
  if (field == "author") {
    const std::string folded = FoldHandle(value);
    if (folded.empty()) return Fail(value_offset, "author without a name", "write author:handle");
    lexeme.term.tokens.push_back({TokenKind::kAuthor, folded, folded, ""});
  } else if (field == "site") {
    std::string host = FoldHandle(value);
    if (host.empty() || host.find_first_of("/:?#@ ") != std::string::npos || host.find("..") != std::string::npos ||
        host.starts_with('.') || host.ends_with('.')) {
      return Fail(value_offset, absl::StrCat("'", value, "' is not a host"),
                  "write site:example.com; for more of the address url:\"example.com/path\"");
    }
    while (host.starts_with("www.")) host.erase(0, 4);
    lexeme.term.tokens.push_back({TokenKind::kSite, host, host, ""});
  } else if (field == "lang") {
    if (!IsLanguage(value)) {
      return Fail(value_offset, absl::StrCat("'", value, "' is not a language"), "write a code such as en or pt-BR");
    }
    lexeme.term.op = QueryOp::kLanguage;
    lexeme.term.language = lower;
  } else if (field == "network") {
    lexeme.term.op = QueryOp::kNetwork;
    lexeme.term.network = NetworkFromName(lower);
    if (lexeme.term.network == Network::kOther && lower != NetworkName(Network::kOther)) {
      return Fail(value_offset, absl::StrCat("unknown network '", value, "'"),
                  "write twitter, bluesky, mastodon, reddit, review, facebook, instagram, youtube, tiktok, linkedin, "
                  "news, forum, threads or other");
    }
  } else {
    lexeme.term.op = QueryOp::kKind;
    static constexpr std::pair<std::string_view, PostKind> kKinds[] = {{"original", PostKind::kOriginal},
                                                                       {"repost", PostKind::kRepost},
                                                                       {"reply", PostKind::kReply},
                                                                       {"quote", PostKind::kQuote}};
    const auto* kind =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& k) { return k.first == lower; });
    if (kind == std::end(kKinds)) {
      return Fail(value_offset, absl::StrCat("unknown kind '", value, "'"),
                  "write is:original, repost, reply or quote");
    }
    lexeme.term.kind = kind->second;
  }
  return lexeme;
}

}  // namespace tocsin
