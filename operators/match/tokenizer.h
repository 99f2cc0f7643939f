// Cuts a post's text into folded tokens: words, hashtags, handles, cashtags, URLs. One pass; docs/QUERIES.md has the
// rules.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "operators/match/fold.h"

namespace tocsin {

enum class TokenKind : uint8_t {
  kBarrier,  // matches nothing: keeps what it separates from being adjacent
  kWord,     // also a symbol, or one character of a script without spaces
  kHashtag,
  kHandle,
  kCashtag,
  kUrl,       // a whole URL in the text: takes a position, matches nothing by itself
  kTagPiece,  // a word inside a camel-case hashtag
  kUrlPiece,  // a word inside a URL
  kSite,      // a host, or a suffix of one that starts at a label
  kAuthor,
};
// What is written before a hashtag, handle or cashtag; nothing for the others.
std::string_view Sigil(TokenKind kind);

struct Token {
  uint64_t hash;    // of the folded bytes and the kind; 0 for a barrier or URL, and for nothing else
  const char* raw;  // as written, without the sigil; borrows from the text
  uint32_t raw_size;
  uint32_t folded_begin;  // in Tokenizer::Folded's buffer
  uint32_t folded_size;
  TokenKind kind;
};

// A run of tokens, as a half-open range.
struct TokenSpan {
  uint32_t begin;
  uint32_t end;
};

[[nodiscard]] uint64_t TokenHash(std::string_view folded, TokenKind kind);

// Buffers are kept from post to post, so that the steady state allocates nothing. Not thread-safe. Borrows what it is
// given.
class Tokenizer {
 public:
  struct Options {
    bool tag_pieces = false;
    bool url_pieces = false;
  };

  Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  void Reset(Options options);
  // REQUIRES: at most once after Reset, before the others.
  void AddText(std::string_view text);
  // As if `sigil` and `entity` stood in a text of their own.
  void AddEntity(char sigil, std::string_view entity);
  void AddUrl(std::string_view url);
  void AddAuthor(std::string_view handle);
  // Puts the pieces of hashtags and URLs behind the other tokens. Call last.
  void Finish();

  // Ends with a barrier after Finish, so that the token after any other may be looked at.
  const std::vector<Token>& tokens() const { return tokens_; }
  // Tokens before this index are the text's: their indices are positions.
  size_t text_tokens() const { return text_tokens_; }
  std::string_view Folded(const Token& token) const { return {buffer_.data() + token.folded_begin, token.folded_size}; }
  // Whether the text's token at this position is of its wording: no barrier, handle or URL, no leading "RT".
  bool IsWording(size_t position) const;
  // Of the text's wording, in order.
  uint64_t Fingerprint() const;

  // Tokens of a word or phrase of a query; `kind` replaces kWord. Not part of a post.
  void AddPlain(std::string_view text, TokenKind kind);

 private:
  enum class Open : uint8_t { kNone, kWord, kIdeograph };

  void Scan(const char* position, const char* end);
  const char* ScanSpecial(const char* position, const char* end);
  const char* ScanNonAscii(const char* position, const char* end);
  void AppendNonAscii(const FoldTable::Entry& entry, const char* start, const char* next, const char* end);
  void ScanPlain(const char* position, const char* end, TokenKind kind);
  // Each moves past what it takes and gives the new position, or null if there is none of its kind.
  const char* TryHashtag(const char* position, const char* end);
  const char* TryHandle(const char* position, const char* end);
  const char* TryCashtag(const char* position, const char* end);
  const char* TryUrl(const char* position, const char* end);
  const char* Sigil(const char* position, size_t size, char sigil, const char* end);
  void AddTagPieces(const char* position, const char* end);
  void OpenAt(const char* position, Open open);
  void Close();
  void Add(TokenKind kind, uint32_t folded_begin, const char* raw, const char* raw_end);
  void AddBarrier();
  void Reserve(size_t bytes);
  void PutFolded(std::string_view folded);

  const FoldTable& table_ = FoldTable::Get();
  std::vector<Token> tokens_;
  std::vector<Token> pieces_;
  std::vector<char> buffer_;  // folded bytes; the first used_ count
  uint32_t used_ = 0;
  size_t text_tokens_ = 0;
  Options options_;
  std::string host_;

  // Of the scan under way.
  std::vector<Token>* out_ = &tokens_;
  TokenKind kind_ = TokenKind::kWord;
  bool plain_ = false;  // sigils and URLs are not looked for
  Open open_ = Open::kNone;
  bool no_sigil_ = false;  // a handle, cashtag or '_' ended right here
  uint32_t open_begin_ = 0;
  const char* raw_begin_ = nullptr;
  const char* raw_end_ = nullptr;
};

}  // namespace tocsin
