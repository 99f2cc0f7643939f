#include "tests/operators/parse/naive_markup.h"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tocsin {
namespace {

// A tag, a comment (a tag without name) or text between them.
struct Piece {
  bool is_tag = false;
  bool closing = false;
  bool empty = false;  // has no content
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;
};

bool IsSpace(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)) && c != '\v'; }

std::map<std::string, std::string> ReadAttributes(const std::string& text) {
  std::map<std::string, std::string> attributes;
  std::istringstream in(text);
  while (true) {
    while (in.peek() != EOF && (IsSpace(static_cast<char>(in.peek())) || in.peek() == '/')) in.get();
    if (in.peek() == EOF) return attributes;
    std::string name;
    while (in.peek() != EOF && !IsSpace(static_cast<char>(in.peek())) && in.peek() != '=') {
      name += static_cast<char>(in.get());
    }
    std::string value;
    if (in.peek() == '=') {
      in.get();
      const int quote = in.peek() == '"' || in.peek() == '\'' ? in.get() : 0;
      while (in.peek() != EOF && (quote != 0 ? in.peek() != quote : !IsSpace(static_cast<char>(in.peek())))) {
        value += static_cast<char>(in.get());
      }
      if (quote != 0) in.get();
    } else {
      continue;
    }
    attributes.emplace(absl::AsciiStrToLower(name), value);
  }
}

std::vector<Piece> Cut(const std::string& html) {
  std::vector<Piece> pieces;
  for (size_t at = 0; at < html.size();) {
    if (html.compare(at, 4, "<!--") == 0) {
      const size_t end = html.find("-->", at + 4);
      pieces.push_back({.is_tag = true, .empty = true, .name = "", .attributes = {}, .text = ""});
      at = end == std::string::npos ? html.size() : end + 3;
      continue;
    }
    const size_t letter = at + (html.compare(at, 2, "</") == 0 ? 2 : 1);
    if (html[at] != '<' || letter >= html.size() || !absl::ascii_isalpha(static_cast<unsigned char>(html[letter]))) {
      if (pieces.empty() || pieces.back().is_tag) pieces.emplace_back();
      pieces.back().text += html[at++];
      continue;
    }
    size_t end = letter;
    while (end < html.size() && !IsSpace(html[end]) && html[end] != '/' && html[end] != '>') ++end;
    Piece piece = {.is_tag = true, .closing = letter == at + 2, .name = "", .attributes = {}, .text = ""};
    piece.name = absl::AsciiStrToLower(html.substr(letter, end - letter));
    std::string inside;
    char quote = 0;
    for (; end < html.size() && (quote != 0 || html[end] != '>'); ++end) {
      inside += html[end];
      if (quote == html[end]) {
        quote = 0;
      } else if (quote == 0 && (html[end] == '"' || html[end] == '\'')) {
        quote = html[end];
      }
    }
    piece.attributes = ReadAttributes(inside);
    piece.empty = (!inside.empty() && inside.back() == '/') ||
                  std::set<std::string>{"br", "hr", "img", "wbr", "input"}.contains(piece.name);
    pieces.push_back(piece);
    at = end < html.size() ? end + 1 : end;
  }
  return pieces;
}

bool HasClass(const Piece& piece, const std::string& name) {
  const auto classes = piece.attributes.find("class");
  if (classes == piece.attributes.end()) return false;
  std::istringstream in(classes->second);
  for (std::string each; in >> each;) {
    if (each == name) return true;
  }
  return false;
}

std::string CharacterOf(uint32_t code) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code >= 0x10000) {
    code -= 0x10000;
    return nlohmann::json::parse(absl::StrFormat("\"\\u%04x\\u%04x\"", 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)));
  }
  return nlohmann::json::parse(absl::StrFormat("\"\\u%04x\"", code));
}

}  // namespace

std::string NaiveDecodeEntities(const std::string& text) {
  static const std::map<std::string, uint32_t> kNames = {
      {"quot", 34},     {"amp", 38},      {"apos", 39},    {"lt", 60},      {"gt", 62},      {"nbsp", 160},
      {"iexcl", 161},   {"cent", 162},    {"pound", 163},  {"curren", 164}, {"yen", 165},    {"brvbar", 166},
      {"sect", 167},    {"uml", 168},     {"copy", 169},   {"ordf", 170},   {"laquo", 171},  {"not", 172},
      {"shy", 173},     {"reg", 174},     {"macr", 175},   {"deg", 176},    {"plusmn", 177}, {"sup2", 178},
      {"sup3", 179},    {"acute", 180},   {"micro", 181},  {"para", 182},   {"middot", 183}, {"cedil", 184},
      {"sup1", 185},    {"ordm", 186},    {"raquo", 187},  {"frac14", 188}, {"frac12", 189}, {"frac34", 190},
      {"iquest", 191},  {"Agrave", 192},  {"Aacute", 193}, {"Acirc", 194},  {"Atilde", 195}, {"Auml", 196},
      {"Aring", 197},   {"AElig", 198},   {"Ccedil", 199}, {"Egrave", 200}, {"Eacute", 201}, {"Ecirc", 202},
      {"Euml", 203},    {"Igrave", 204},  {"Iacute", 205}, {"Icirc", 206},  {"Iuml", 207},   {"ETH", 208},
      {"Ntilde", 209},  {"Ograve", 210},  {"Oacute", 211}, {"Ocirc", 212},  {"Otilde", 213}, {"Ouml", 214},
      {"times", 215},   {"Oslash", 216},  {"Ugrave", 217}, {"Uacute", 218}, {"Ucirc", 219},  {"Uuml", 220},
      {"Yacute", 221},  {"THORN", 222},   {"szlig", 223},  {"agrave", 224}, {"aacute", 225}, {"acirc", 226},
      {"atilde", 227},  {"auml", 228},    {"aring", 229},  {"aelig", 230},  {"ccedil", 231}, {"egrave", 232},
      {"eacute", 233},  {"ecirc", 234},   {"euml", 235},   {"igrave", 236}, {"iacute", 237}, {"icirc", 238},
      {"iuml", 239},    {"eth", 240},     {"ntilde", 241}, {"ograve", 242}, {"oacute", 243}, {"ocirc", 244},
      {"otilde", 245},  {"ouml", 246},    {"divide", 247}, {"oslash", 248}, {"ugrave", 249}, {"uacute", 250},
      {"ucirc", 251},   {"uuml", 252},    {"yacute", 253}, {"thorn", 254},  {"yuml", 255},   {"OElig", 338},
      {"oelig", 339},   {"Scaron", 352},  {"scaron", 353}, {"ensp", 8194},  {"emsp", 8195},  {"thinsp", 8201},
      {"zwnj", 8204},   {"zwj", 8205},    {"ndash", 8211}, {"mdash", 8212}, {"lsquo", 8216}, {"rsquo", 8217},
      {"sbquo", 8218},  {"ldquo", 8220},  {"rdquo", 8221}, {"bdquo", 8222}, {"bull", 8226},  {"hellip", 8230},
      {"lsaquo", 8249}, {"rsaquo", 8250}, {"euro", 8364},  {"trade", 8482}};
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t end = text.find(';', at);
    const std::string name = text[at] == '&' && end != std::string::npos ? text.substr(at + 1, end - at - 1) : "";
    uint32_t code = 0;
    const auto named = kNames.find(name);
    if (named != kNames.end()) {
      code = named->second;
    } else if (name.size() > 12 || name.size() < 2 || name[0] != '#' ||
               !(name[1] == 'x' || name[1] == 'X'
                     ? name.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos &&
                           absl::SimpleHexAtoi(name.substr(2), &code)
                     : name.find_first_not_of("0123456789", 1) == std::string::npos &&
                           absl::SimpleAtoi(name.substr(1), &code))) {
      decoded += text[at];
      continue;
    }
    decoded += CharacterOf(code);
    at = end;
  }
  return decoded;
}

std::string NaiveHtmlToText(const std::string& html) {
  static const std::set<std::string> kBlocks = {"p",   "br",    "div", "li", "ul", "ol", "blockquote",
                                                "pre", "h1",    "h2",  "h3", "h4", "h5", "h6",
                                                "hr",  "table", "tr",  "dl", "dt", "dd"};
  std::string text;
  std::vector<bool> hidden;  // by open element, from the outermost hidden one on
  bool in_link = false;
  for (const Piece& piece : Cut(html)) {
    if (!piece.is_tag) {
      if (!hidden.empty()) continue;
      std::string blanks = piece.text;
      for (char& c : blanks) c = IsSpace(c) ? ' ' : c;
      text += NaiveDecodeEntities(blanks);
      continue;
    }
    if (!hidden.empty()) {
      if (piece.empty) continue;
      if (piece.closing) {
        hidden.pop_back();
      } else {
        hidden.push_back(true);
      }
      continue;
    }
    if (piece.name == "a") in_link = !piece.closing;
    const bool invisible = piece.name == "span" && !in_link && HasClass(piece, "invisible");
    if (!piece.closing && !piece.empty && (invisible || HasClass(piece, "quote-inline"))) hidden.push_back(true);
    if (kBlocks.contains(piece.name) && !text.empty() && text.back() != '\n') text += '\n';
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::vector<std::string> NaiveLinks(const std::string& html) {
  std::vector<std::string> links;
  for (const Piece& piece : Cut(html)) {
    if (piece.name != "a" || piece.closing || HasClass(piece, "mention") || HasClass(piece, "hashtag")) continue;
    const auto address = piece.attributes.find("href");
    if (address != piece.attributes.end() && !address->second.empty()) {
      links.push_back(NaiveDecodeEntities(address->second));
    }
  }
  return links;
}

}  // namespace tocsin
