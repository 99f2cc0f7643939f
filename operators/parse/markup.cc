#include "operators/parse/markup.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "operators/parse/json_scalar.h"

namespace tocsin {
namespace {

constexpr size_t kLongestEntity = 12;  // between '&' and ';'

// Of the code points from 160 on.
constexpr std::array<std::string_view, 96> kLatinNames = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",   "ordf",
    "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",   "acute",  "micro",
    "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave",
    "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",
    "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",
    "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute",
    "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave",
    "iacute", "icirc",  "iuml",   "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};

struct NamedCharacter {
  std::string_view name;
  uint32_t code;
};
constexpr NamedCharacter kOtherNames[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},     {"apos", '\''},
    {"hellip", 0x2026}, {"mdash", 0x2014},  {"ndash", 0x2013},  {"lsquo", 0x2018}, {"rsquo", 0x2019},
    {"ldquo", 0x201C},  {"rdquo", 0x201D},  {"sbquo", 0x201A},  {"bdquo", 0x201E}, {"lsaquo", 0x2039},
    {"rsaquo", 0x203A}, {"bull", 0x2022},   {"euro", 0x20AC},   {"trade", 0x2122}, {"OElig", 0x0152},
    {"oelig", 0x0153},  {"Scaron", 0x0160}, {"scaron", 0x0161}, {"zwj", 0x200D},   {"zwnj", 0x200C},
    {"thinsp", 0x2009}, {"ensp", 0x2002},   {"emsp", 0x2003},
};

std::optional<uint32_t> CodePointOf(std::string_view entity) {
  if (entity.starts_with('#')) {
    entity.remove_prefix(1);
    const bool hexadecimal = !entity.empty() && (entity.front() == 'x' || entity.front() == 'X');
    if (hexadecimal) entity.remove_prefix(1);
    uint32_t code = 0;
    const auto [stop, error] =
        std::from_chars(entity.data(), entity.data() + entity.size(), code, hexadecimal ? 16 : 10);
    if (entity.empty() || stop != entity.data() + entity.size() || error != std::errc()) return std::nullopt;
    const bool character = code != 0 && code <= 0x10FFFF && (code & 0xFFFFF800) != 0xD800;
    return character ? code : 0xFFFD;
  }
  for (const NamedCharacter& named : kOtherNames) {
    if (named.name == entity) return named.code;
  }
  for (size_t i = 0; i < kLatinNames.size(); ++i) {
    if (kLatinNames[i] == entity) return static_cast<uint32_t>(160 + i);
  }
  return std::nullopt;
}

// Writes the character of the entity at `at`, where an '&' stands, and returns how many bytes of `text` it takes; the
// '&' itself if it begins no entity that is known.
size_t WriteEntity(std::string_view text, size_t at, char** out) {
  const std::string_view ahead = text.substr(at + 1, kLongestEntity + 1);
  const size_t size = ahead.find(';');
  if (size != std::string_view::npos) {
    if (const std::optional<uint32_t> code = CodePointOf(ahead.substr(0, size))) {
      *out = WriteUtf8(*code, *out);
      return size + 2;
    }
  }
  *(*out)++ = '&';
  return 1;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsHtmlSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

struct Tag {
  std::string_view name;
  std::string_view attributes;
  bool closing = false;
  size_t end = 0;  // behind it
};

// The tag or comment at `at`, where a '<' stands; nothing if it is just that character. What is not closed goes on to
// the end.
std::optional<Tag> ReadTag(std::string_view html, size_t at) {
  Tag tag;
  size_t begin = at + 1;
  if (html.substr(begin).starts_with("!--")) {
    const size_t close = html.find("-->", begin + 3);
    tag.end = close == std::string_view::npos ? html.size() : close + 3;
    return tag;
  }
  tag.closing = begin < html.size() && html[begin] == '/';
  if (tag.closing) ++begin;
  if (begin >= html.size() || !IsLetter(html[begin])) return std::nullopt;
  size_t end = begin;
  while (end < html.size() && !IsHtmlSpace(html[end]) && html[end] != '>' && html[end] != '/') ++end;
  tag.name = html.substr(begin, end - begin);
  const size_t attributes = end;
  for (char quote = 0; end < html.size() && (quote != 0 || html[end] != '>'); ++end) {
    if (quote == 0 && (html[end] == '"' || html[end] == '\'')) {
      quote = html[end];
    } else if (html[end] == quote) {
      quote = 0;
    }
  }
  tag.attributes = html.substr(attributes, end - attributes);
  tag.end = end < html.size() ? end + 1 : end;
  return tag;
}

// Empty if the tag has no such attribute.
std::string_view Attribute(std::string_view rest, std::string_view name) {
  while (true) {
    while (!rest.empty() && (IsHtmlSpace(rest.front()) || rest.front() == '/')) rest.remove_prefix(1);
    if (rest.empty()) return {};
    size_t size = 0;
    while (size < rest.size() && !IsHtmlSpace(rest[size]) && rest[size] != '=') ++size;
    const std::string_view found = rest.substr(0, size);
    rest.remove_prefix(size);
    if (rest.empty() || rest.front() != '=') {
      if (size == 0) return {};
      continue;
    }
    rest.remove_prefix(1);
    const char quote = !rest.empty() && (rest.front() == '"' || rest.front() == '\'') ? rest.front() : '\0';
    if (quote != 0) rest.remove_prefix(1);
    size_t end = 0;
    while (end < rest.size() && (quote != 0 ? rest[end] != quote : !IsHtmlSpace(rest[end]))) ++end;
    if (absl::EqualsIgnoreCase(found, name)) return rest.substr(0, end);
    rest.remove_prefix(end);
    if (quote != 0 && !rest.empty()) rest.remove_prefix(1);
  }
}

bool HasClass(const Tag& tag, std::string_view name) {
  std::string_view classes = Attribute(tag.attributes, "class");
  while (!classes.empty()) {
    size_t size = 0;
    while (size < classes.size() && !IsHtmlSpace(classes[size])) ++size;
    if (classes.substr(0, size) == name) return true;
    classes.remove_prefix(size < classes.size() ? size + 1 : size);
  }
  return false;
}

template <size_t kSize>
bool IsOneOf(std::string_view name, const std::string_view (&names)[kSize]) {
  for (const std::string_view each : names) {
    if (absl::EqualsIgnoreCase(each, name)) return true;
  }
  return false;
}

bool BreaksLine(std::string_view name) {
  static constexpr std::string_view kNames[] = {"p",   "br",    "div", "li", "ul", "ol", "blockquote",
                                                "pre", "h1",    "h2",  "h3", "h4", "h5", "h6",
                                                "hr",  "table", "tr",  "dl", "dt", "dd"};
  return IsOneOf(name, kNames);
}

bool IsVoid(const Tag& tag) {
  static constexpr std::string_view kNames[] = {"br", "hr", "img", "wbr", "input"};
  return tag.name.empty() || IsOneOf(tag.name, kNames) || tag.attributes.ends_with('/');
}

// What tags say about the text that follows them.
class HtmlState {
 public:
  bool hidden() const { return hidden_ > 0; }

  // Returns whether a new line begins.
  bool Follow(const Tag& tag) {
    if (hidden_ > 0) {
      if (!IsVoid(tag)) hidden_ += tag.closing ? -1 : 1;
      return false;
    }
    if (absl::EqualsIgnoreCase(tag.name, "a")) in_link_ = !tag.closing;
    if (!tag.closing && !IsVoid(tag)) {
      const bool shortens = in_link_ || !absl::EqualsIgnoreCase(tag.name, "span");
      if (HasClass(tag, "quote-inline") || (!shortens && HasClass(tag, "invisible"))) hidden_ = 1;
    }
    return BreaksLine(tag.name);
  }

 private:
  int hidden_ = 0;  // open elements from the hidden one on
  bool in_link_ = false;
};

}  // namespace

std::string_view HtmlToText(std::string_view html, char* out) {
  char* const begin = out;
  HtmlState state;
  for (size_t at = 0; at < html.size();) {
    const char c = html[at];
    if (c == '<') {
      if (const std::optional<Tag> tag = ReadTag(html, at)) {
        if (state.Follow(*tag) && out != begin && out[-1] != '\n') *out++ = '\n';
        at = tag->end;
        continue;
      }
    }
    char* const before = out;
    if (c == '&') {
      at += WriteEntity(html, at, &out);
    } else {
      *out++ = IsHtmlSpace(c) ? ' ' : c;
      ++at;
    }
    if (state.hidden()) out = before;
  }
  if (out != begin && out[-1] == '\n') --out;
  return {begin, static_cast<size_t>(out - begin)};
}

std::string_view DecodeEntities(std::string_view text, char* out) {
  size_t at = text.find('&');
  if (at == std::string_view::npos) return text;
  char* const begin = out;
  for (size_t copied = 0;;) {
    const size_t size = (at == std::string_view::npos ? text.size() : at) - copied;
    std::memcpy(out, text.data() + copied, size);
    out += size;
    if (at == std::string_view::npos) break;
    copied = at + WriteEntity(text, at, &out);
    at = text.find('&', copied);
  }
  return {begin, static_cast<size_t>(out - begin)};
}

std::string_view NextLink(std::string_view html, size_t* at) {
  while ((*at = html.find('<', *at)) != std::string_view::npos) {
    const std::optional<Tag> tag = ReadTag(html, *at);
    *at = tag.has_value() ? tag->end : *at + 1;
    if (!tag.has_value() || tag->closing || !absl::EqualsIgnoreCase(tag->name, "a")) continue;
    if (HasClass(*tag, "mention") || HasClass(*tag, "hashtag")) continue;
    const std::string_view address = Attribute(tag->attributes, "href");
    if (!address.empty()) return address;
  }
  return {};
}

}  // namespace tocsin
