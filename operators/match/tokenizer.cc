#include "operators/match/tokenizer.h"

// The same function as Hash64, inlined: words are short, and the call is half of the cost.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "engine/base/byte_words.h"
#include "engine/base/hash.h"

namespace tocsin {
namespace {

enum ByteClass : uint8_t { kBreakByte, kWordByte, kSpecialByte, kNonAsciiByte };

constexpr std::array<uint8_t, 256> kByteClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (size_t c = 0; c < 256; ++c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool special = c == '#' || c == '@' || c == '$' || c == '&' || c == '_';
    classes[c] = word ? kWordByte : special ? kSpecialByte : c >= 0x80 ? kNonAsciiByte : kBreakByte;
  }
  return classes;
}();

ByteClass ClassOf(char c) { return static_cast<ByteClass>(kByteClasses[static_cast<uint8_t>(c)]); }
// REQUIRES: an ASCII letter or digit.
char Lower(char c) { return static_cast<char>(c | 0x20); }
bool IsLetter(char c) { return static_cast<uint8_t>(Lower(c) - 'a') < 26; }
bool IsDigit(char c) { return static_cast<uint8_t>(c - '0') < 10; }

// Copies ASCII letters and digits in lower case up to the first other byte, and returns how many. Eight at a time: most
// words take one round, with no branch on their length. May write up to seven bytes more.
size_t CopyLowered(const char* from, const char* end, char* to) {
  const char* position = from;
  while (end - position >= 8) {
    const auto bytes = LoadWord<uint64_t>(position);
    const uint64_t lowered = bytes | kEveryByteOne * 0x20;
    const uint64_t word =
        (BytesIn(lowered & ~kEveryTopBit, 'a', 'z') | BytesIn(bytes & ~kEveryTopBit, '0', '9')) & ~bytes;
    std::memcpy(to, &lowered, 8);
    const uint64_t other = ~word & kEveryTopBit;
    const int taken = other == 0 ? 8 : static_cast<int>(BytesBefore(other));
    position += taken;
    to += taken;
    if (taken < 8) return static_cast<size_t>(position - from);
  }
  for (; position < end && ClassOf(*position) == kWordByte; ++position) *to++ = Lower(*position);
  return static_cast<size_t>(position - from);
}

std::string_view View(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

// Length of an HTML entity at the '&', as networks put into text; 0 if there is none.
size_t HtmlEntity(std::string_view text) {
  static constexpr std::string_view kEntities[] = {"&amp;",  "&lt;",  "&gt;",   "&quot;", "&apos;",
                                                   "&nbsp;", "&#39;", "&#039;", "&#x27;"};
  for (const std::string_view entity : kEntities) {
    if (text.starts_with(entity)) return entity.size();
  }
  return 0;
}

// Length of what a URL starts with; 0 if none does.
size_t UrlStart(std::string_view text) {
  static constexpr std::string_view kStarts[] = {"http://", "https://", "www."};
  for (const std::string_view start : kStarts) {
    if (absl::StartsWithIgnoreCase(text, start)) return start.size();
  }
  return 0;
}

inline uint64_t HashOf(std::string_view folded, TokenKind kind) {
  const uint64_t hash = XXH3_64bits_withSeed(folded.data(), folded.size(), kHashSeed + static_cast<uint64_t>(kind));
  return hash == 0 ? 1 : hash;
}

constexpr size_t kMinRoom = FoldTable::kMaxFoldBytes;

}  // namespace

std::string_view Sigil(TokenKind kind) {
  switch (kind) {
    case TokenKind::kHashtag:
      return "#";
    case TokenKind::kHandle:
      return "@";
    case TokenKind::kCashtag:
      return "$";
    default:
      return "";
  }
}

uint64_t TokenHash(std::string_view folded, TokenKind kind) { return HashOf(folded, kind); }

void Tokenizer::Reset(Options options) {
  options_ = options;
  tokens_.clear();
  pieces_.clear();
  used_ = 0;
  text_tokens_ = 0;
}

// Room for `bytes` more that fold to as many, and for one long fold.
void Tokenizer::Reserve(size_t bytes) {
  const size_t needed = used_ + bytes + kMinRoom;
  if (buffer_.size() < needed) buffer_.resize(needed * 2);
}

void Tokenizer::PutFolded(std::string_view folded) {
  std::memcpy(buffer_.data() + used_, folded.data(), folded.size());
  used_ += static_cast<uint32_t>(folded.size());
}

void Tokenizer::Add(TokenKind kind, uint32_t folded_begin, const char* raw, const char* raw_end) {
  const uint32_t size = used_ - folded_begin;
  const bool silent = kind == TokenKind::kUrl || kind == TokenKind::kBarrier;
  const uint64_t hash = silent ? 0 : HashOf({buffer_.data() + folded_begin, size}, kind);
  out_->push_back({hash, raw, static_cast<uint32_t>(raw_end - raw), folded_begin, size, kind});
}

void Tokenizer::AddBarrier() { Add(TokenKind::kBarrier, used_, nullptr, nullptr); }

void Tokenizer::OpenAt(const char* position, Open open) {
  open_ = open;
  no_sigil_ = false;
  open_begin_ = used_;
  raw_begin_ = position;
}

void Tokenizer::Close() {
  if (open_ == Open::kNone) return;
  open_ = Open::kNone;
  Add(kind_, open_begin_, raw_begin_, raw_end_);
}

void Tokenizer::AddText(std::string_view text) {
  Reserve(text.size());
  Scan(text.data(), text.data() + text.size());
  text_tokens_ = tokens_.size();
}

void Tokenizer::AddPlain(std::string_view text, TokenKind kind) {
  Reserve(text.size());
  ScanPlain(text.data(), text.data() + text.size(), kind);
}

void Tokenizer::AddEntity(char sigil, std::string_view entity) {
  Reserve(entity.size());
  AddBarrier();
  const char* position = entity.data();
  const char* const end = position + entity.size();
  const char* const taken = sigil == '#' ? TryHashtag(position, end) : TryHandle(position, end);
  if (taken != nullptr) position = taken;
  no_sigil_ = taken != nullptr && sigil == '@';
  Scan(position, end);
}

void Tokenizer::AddAuthor(std::string_view handle) {
  AddBarrier();
  FoldHandle(handle, &host_);
  Reserve(host_.size());
  const uint32_t begin = used_;
  PutFolded(host_);
  Add(TokenKind::kAuthor, begin, handle.data(), handle.data() + handle.size());
}

void Tokenizer::Finish() {
  AddBarrier();
  if (!pieces_.empty()) {
    tokens_.insert(tokens_.end(), pieces_.begin(), pieces_.end());
    AddBarrier();
  }
}

void Tokenizer::Scan(const char* position, const char* end) {
  while (position < end) {
    switch (ClassOf(*position)) {
      case kBreakByte:
        Close();
        no_sigil_ = false;
        ++position;
        break;
      case kWordByte: {
        if (open_ != Open::kWord) {
          Close();
          const char first = Lower(*position);
          if ((first == 'h' || first == 'w') && !plain_) {
            const char* const next = TryUrl(position, end);
            if (next != nullptr) {
              position = next;
              no_sigil_ = false;
              break;
            }
          }
          OpenAt(position, Open::kWord);
        }
        const size_t size = CopyLowered(position, end, buffer_.data() + used_);
        used_ += static_cast<uint32_t>(size);
        position += size;
        raw_end_ = position;
        // What mostly follows, without another turn: a branch less to be guessed for each word.
        if (position < end && *position == ' ') {
          Close();
          ++position;
        }
        break;
      }
      case kSpecialByte:
        position = ScanSpecial(position, end);
        break;
      case kNonAsciiByte:
        position = ScanNonAscii(position, end);
        break;
    }
  }
  Close();
  no_sigil_ = false;
}

void Tokenizer::ScanPlain(const char* position, const char* end, TokenKind kind) {
  plain_ = true;
  kind_ = kind;
  Scan(position, end);
  plain_ = false;
  kind_ = TokenKind::kWord;
}

const char* Tokenizer::ScanSpecial(const char* position, const char* end) {
  const char c = *position;
  if (!plain_ && c == '&') {
    Close();
    no_sigil_ = false;
    return position + std::max<size_t>(1, HtmlEntity(View(position, end)));
  }
  if (c == '_' || c == '&' || plain_) {
    Close();
    no_sigil_ = c == '_';
    return position + 1;
  }
  return Sigil(position, 1, c, end);
}

const char* Tokenizer::Sigil(const char* position, size_t size, char sigil, const char* end) {
  const bool inside_word = open_ == Open::kWord || no_sigil_;
  Close();
  no_sigil_ = false;
  const char* const body = position + size;
  if (inside_word) return body;
  const char* const taken = sigil == '#'   ? TryHashtag(body, end)
                            : sigil == '@' ? TryHandle(body, end)
                                           : TryCashtag(body, end);
  if (taken == nullptr) return body;
  no_sigil_ = sigil != '#';
  return taken;
}

const char* Tokenizer::ScanNonAscii(const char* position, const char* end) {
  const char* next = position;
  const char32_t code_point = NextCodePoint(&next, end);
  const FoldTable::Entry& entry = table_.Find(code_point);
  switch (entry.char_class) {
    case CharClass::kIgnored:
      if (entry.accent && open_ != Open::kNone) raw_end_ = next;
      return next;
    case CharClass::kBreak:
      if (!plain_ && (code_point == 0xFF03 || code_point == 0xFF20)) {  // full-width # and @
        return Sigil(position, static_cast<size_t>(next - position), code_point == 0xFF03 ? '#' : '@', end);
      }
      Close();
      no_sigil_ = false;
      return next;
    case CharClass::kWord:
      if (open_ != Open::kWord) {
        Close();
        OpenAt(position, Open::kWord);
      }
      break;
    case CharClass::kMark:
      if (open_ == Open::kNone) OpenAt(position, Open::kWord);
      break;
    case CharClass::kIdeograph:
    case CharClass::kSymbol:
      Close();
      OpenAt(position, Open::kIdeograph);
      break;
  }
  AppendNonAscii(entry, position, next, end);
  if (entry.char_class == CharClass::kSymbol) Close();
  return next;
}

void Tokenizer::AppendNonAscii(const FoldTable::Entry& entry, const char* start, const char* next, const char* end) {
  PutFolded(table_.Folded(entry, View(start, next)));
  raw_end_ = next;
  // A fold may be longer than its source; what follows must fit as if it were not.
  Reserve(static_cast<size_t>(end - next));
}

const char* Tokenizer::TryHashtag(const char* position, const char* end) {
  const char* const begin = position;
  const char* raw_end = position;
  const uint32_t folded_begin = used_;
  bool any_letter = false;
  while (position < end) {
    const char c = *position;
    if (ClassOf(c) == kWordByte || c == '_') {
      any_letter |= c != '_' && !IsDigit(c);
      buffer_[used_++] = c == '_' ? c : Lower(c);
      raw_end = ++position;
      continue;
    }
    if (ClassOf(c) != kNonAsciiByte) break;
    const char* next = position;
    const FoldTable::Entry& entry = table_.Find(NextCodePoint(&next, end));
    if (entry.char_class == CharClass::kBreak || entry.char_class == CharClass::kSymbol) break;
    if (entry.char_class != CharClass::kIgnored) {
      any_letter = true;
      PutFolded(table_.Folded(entry, View(position, next)));
      Reserve(static_cast<size_t>(end - next));
      raw_end = next;
    } else if (entry.accent) {
      raw_end = next;
    }
    position = next;
  }
  if (!any_letter) {
    used_ = folded_begin;
    return nullptr;
  }
  Add(TokenKind::kHashtag, folded_begin, begin, raw_end);
  if (options_.tag_pieces) {
    AddTagPieces(begin, raw_end);
    Reserve(static_cast<size_t>(end - position));
  }
  return position;
}

const char* Tokenizer::TryHandle(const char* position, const char* end) {
  const char* const begin = position;
  const uint32_t folded_begin = used_;
  for (; position < end && (ClassOf(*position) == kWordByte || *position == '_'); ++position) {
    buffer_[used_++] = *position == '_' ? '_' : Lower(*position);
  }
  if (position == begin) return nullptr;
  Add(TokenKind::kHandle, folded_begin, begin, position);
  return position;
}

const char* Tokenizer::TryCashtag(const char* position, const char* end) {
  constexpr std::ptrdiff_t kMaxLetters = 10;
  const char* stop = position;
  while (stop < end && IsLetter(*stop)) ++stop;
  if (stop == position || stop - position > kMaxLetters) return nullptr;
  if (stop < end && (ClassOf(*stop) == kWordByte || *stop == '_')) return nullptr;
  if (stop < end && ClassOf(*stop) == kNonAsciiByte) {
    const char* next = stop;
    const CharClass after = table_.Find(NextCodePoint(&next, end)).char_class;
    if (after == CharClass::kWord || after == CharClass::kMark) return nullptr;
  }
  const uint32_t folded_begin = used_;
  for (const char* p = position; p < stop; ++p) buffer_[used_++] = Lower(*p);
  Add(TokenKind::kCashtag, folded_begin, position, stop);
  return stop;
}

const char* Tokenizer::TryUrl(const char* position, const char* end) {
  const std::string_view rest = View(position, end);
  const size_t start = UrlStart(rest);
  if (start == 0) return nullptr;
  static constexpr std::string_view kTrailing = ".,;:!?')]}";
  const auto in_url = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>'; };
  size_t size = start;
  while (size < rest.size() && in_url(rest[size])) ++size;
  while (size > start && kTrailing.find(rest[size - 1]) != std::string_view::npos) --size;
  if (size == start) return nullptr;
  Add(TokenKind::kUrl, used_, position, position + size);
  if (options_.url_pieces) {
    AddUrl(rest.substr(0, size));
    Reserve(rest.size() - size);
  }
  return position + size;
}

void Tokenizer::AddUrl(std::string_view url) {
  if (!options_.url_pieces) return;
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  std::string_view host = url.substr(0, url.find_first_of("/?#"));
  host = host.substr(host.rfind('@') + 1);
  host = host.substr(0, host.find(':'));
  while (host.ends_with('.')) host.remove_suffix(1);

  out_ = &pieces_;
  AddBarrier();
  Reserve(url.size());
  ScanPlain(url.data(), url.data() + url.size(), TokenKind::kUrlPiece);
  FoldHandle(host, &host_);
  Reserve(host_.size());
  const uint32_t begin = used_;
  PutFolded(host_);
  const uint32_t host_end = used_;
  for (uint32_t label = begin; label < host_end; ++label) {
    if (label != begin && buffer_[label - 1] != '.') continue;
    Add(TokenKind::kSite, label, host.data(), host.data() + host.size());
  }
  out_ = &tokens_;
}

// A border stands between "aB", "a1", "1Bc" and "ABc" (before the B), and at '_'; not in "PS5", "3M" or "2nd".
void Tokenizer::AddTagPieces(const char* position, const char* end) {
  std::vector<Token>* const out = std::exchange(out_, &pieces_);
  AddBarrier();
  Reserve(static_cast<size_t>(end - position));
  const char* piece = position;
  LetterCase before = LetterCase::kUpper;
  const auto case_at = [&](const char** p) {
    const LetterCase letter_case = table_.Find(NextCodePoint(p, end)).letter_case;
    for (const char* next = *p; next < end; *p = next) {  // what belongs to the letter
      const CharClass after = table_.Find(NextCodePoint(&next, end)).char_class;
      if (after != CharClass::kIgnored && after != CharClass::kMark) break;
    }
    return letter_case;
  };
  while (position < end) {
    const char* next = position;
    const LetterCase here = case_at(&next);
    bool border = before == LetterCase::kLower && here != LetterCase::kLower;
    if (!border && here == LetterCase::kUpper && position != piece && next < end) {
      const char* after = next;
      border = *next != '_' && case_at(&after) == LetterCase::kLower;
    }
    if (border && position != piece) {
      ScanPlain(piece, position, TokenKind::kTagPiece);
      piece = position;
    }
    before = *position == '_' ? LetterCase::kUpper : here;
    position = next;
  }
  ScanPlain(piece, end, TokenKind::kTagPiece);
  out_ = out;
}

bool Tokenizer::IsWording(size_t position) const {
  const Token& token = tokens_[position];
  if (token.hash == 0 || token.kind == TokenKind::kHandle) return false;
  return position > 0 || token.kind != TokenKind::kWord || Folded(token) != "rt";
}

uint64_t Tokenizer::Fingerprint() const {
  constexpr uint64_t kMultiplier = 0x9FB21C651E98DF25;
  uint64_t fingerprint = kHashSeed;
  for (size_t i = 0; i < text_tokens_; ++i) {
    if (!IsWording(i)) continue;
    fingerprint = (fingerprint ^ tokens_[i].hash) * kMultiplier;
    fingerprint ^= fingerprint >> 29;
  }
  return fingerprint;
}

}  // namespace tocsin
