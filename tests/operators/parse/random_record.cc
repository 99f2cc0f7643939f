#include "tests/operators/parse/random_record.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "operators/parse/key_table.h"

namespace tocsin {
namespace {

constexpr std::string_view kPieces[] = {
    "a",    "flight", " ",  "\u00e9", "\u65e5\u672c", "\U0001F621", "\"",
    "\\",   "\n",     "/",  "\x01",   "@united",      "#fail",      "0123456789abcdef0123456789",
    "\x7f", "{[",     ",:", "]}"};

constexpr std::string_view kMarkup[] = {"<p>",
                                        "</p>",
                                        "<br />",
                                        "&amp;",
                                        "&lt;",
                                        "&eacute;",
                                        "&#x1F621;",
                                        "&#0;",
                                        "&nosuch;",
                                        "&",
                                        "<span class=\"x invisible\">",
                                        "<p class='quote-inline'>",
                                        "</span>",
                                        "<a href=\"https://x.example/?a=1&amp;b=2\" rel=nofollow>",
                                        "<a class=\"u-url mention\" href=\"https://x.example/@a\">",
                                        "<a href=>",
                                        "</a>",
                                        "<!-- a -->",
                                        "<img/>",
                                        "<",
                                        ">",
                                        "a\nb",
                                        "\u00e9",
                                        "word "};

// The pointers of a path, which is one itself or a template of some.
std::vector<std::string> PointersOf(const std::string& path) {
  if (path.starts_with("/")) return {path};
  std::vector<std::string> pointers;
  const std::vector<std::string> pieces = absl::StrSplit(path, '{');
  for (size_t i = 1; i < pieces.size(); ++i) pointers.push_back(pieces[i].substr(0, pieces[i].find('}')));
  return pointers;
}

bool IsSelector(std::string_view token) {
  return token.starts_with('[') && token.ends_with(']') && token.find('=') != std::string_view::npos;
}

std::vector<std::string> Tokens(const std::string& pointer) {
  std::vector<std::string> tokens = absl::StrSplit(pointer.substr(1), '/');
  for (std::string& token : tokens)
    token = absl::StrReplaceAll(absl::StrReplaceAll(token, {{"~1", "/"}}), {{"~0", "~"}});
  return tokens;
}

}  // namespace

std::string RandomRecords::Next() {
  std::string record = Written();
  if (spec_.envelope.empty() || Chance(60)) return record;
  return "{\"" + spec_.envelope.substr(1) + "\":" + (Chance(95) ? Quoted(record) : "null") + "}";
}

std::string RandomRecords::Written() {
  Value root;
  for (const auto& [field, paths] : spec_.fields) {
    const bool required = field == PostField::kId || field == PostField::kEventTime || field == PostField::kText;
    for (const std::string& path : paths) {
      for (const std::string& pointer : PointersOf(path)) {
        const std::vector<std::string> filters = absl::StrSplit(pointer, '|');
        slices_ = filters.back() == "slice";
        markup_ = filters.size() > 1;
        const bool asked_for = std::any_of(spec_.conditions.begin(), spec_.conditions.end(),
                                           [&](const PostCondition& each) { return each.pointer == pointer; });
        if (!asked_for && Chance(required ? (path == pointer ? 80 : 95) : 40))
          Place(&root, Tokens(filters.front()), 0, field);
        slices_ = markup_ = false;
      }
    }
  }
  for (const PostCondition& condition : spec_.conditions) {
    constexpr std::string_view kOthers[] = {"null", "7", "\"other\"", "\"\""};
    accepted_ = Chance(95) ? Quoted(condition.value) : std::string(Pick(kOthers));
    if (Chance(90)) Place(&root, Tokens(condition.pointer), 0, PostField::kKind);
    accepted_.clear();
  }
  for (uint64_t i = Below(6); i > 0; --i) root.members.emplace_back(RandomText(), Noise(0));
  Shuffle(&root);
  std::string out;
  Space(&out);
  Write(root, &out);
  Space(&out);
  return out;
}

std::string RandomRecords::IdFromAFew() {
  const std::string id = std::to_string(7 + Below(4));
  return Chance(30) ? id : Quoted(id);
}

void RandomRecords::PlaceSelected(Value* at, const std::vector<std::string>& tokens, size_t token, PostField field) {
  const std::string& selector = tokens[token];
  const size_t equals = selector.find('=');
  const std::string key = selector.substr(1, equals - 1);
  const std::string value = selector.substr(equals + 1, selector.size() - equals - 2);
  if (at->members.empty()) {
    at->is_array = true;
    for (uint64_t i = Below(4); i > 0; --i) at->members.emplace_back("", std::make_unique<Value>());
  }
  if (!at->is_array) return;
  for (auto& [unused, element] : at->members) {
    if (Chance(5)) element = Noise(2);
    if (!element->scalar.empty() || element->is_array) continue;
    const bool known = std::any_of(element->members.begin(), element->members.end(),
                                   [&](const auto& member) { return member.first == key; });
    if (Chance(known ? 5 : 90)) {
      auto id = std::make_unique<Value>();
      id->scalar = Chance(5) ? "null" : value.starts_with("$") ? IdFromAFew() : Quoted(Chance(40) ? value : "other");
      element->members.emplace_back(key, std::move(id));
    }
    if (tokens[token + 1] != key && Chance(70)) Place(element.get(), tokens, token + 1, field);
  }
}

void RandomRecords::Place(Value* at, const std::vector<std::string>& tokens, size_t token, PostField field) {
  if (!at->scalar.empty()) return;
  const bool last = token + 1 == tokens.size();
  if (IsSelector(tokens[token])) return PlaceSelected(at, tokens, token, field);
  if (tokens[token] == "*" || (at->is_array && !tokens[token].empty())) {
    if (at->members.empty()) {
      at->is_array = true;
      for (uint64_t i = Below(4); i > 0; --i) at->members.emplace_back("", std::make_unique<Value>());
    }
    if (!at->is_array) return;
    for (auto& [key, element] : at->members) {
      if (Chance(10)) {
        element = Noise(2);
      } else if (last) {
        element = Scalar(field);
      } else {
        Place(element.get(), tokens, token + 1, field);
      }
    }
    return;
  }
  if (last) {
    auto value = Scalar(field);
    if (IsListField(field) && Chance(80)) {
      auto list = std::make_unique<Value>();
      list->is_array = true;
      for (uint64_t i = Below(4); i > 0; --i) list->members.emplace_back("", Scalar(field));
      value = std::move(list);
    }
    at->members.emplace_back(tokens[token], std::move(value));
    return;
  }
  for (auto& [key, member] : at->members) {
    if (key == tokens[token] && Chance(98)) return Place(member.get(), tokens, token + 1, field);
  }
  auto child = std::make_unique<Value>();
  if (tokens[token + 1] == "0" && Chance(50)) child->is_array = true;
  if (Chance(95)) {
    Place(child.get(), tokens, token + 1, field);
  } else {
    child = Noise(1);
  }
  at->members.emplace_back(tokens[token], std::move(child));
}

std::unique_ptr<RandomRecords::Value> RandomRecords::Scalar(PostField field) {
  auto value = std::make_unique<Value>();
  if (!accepted_.empty()) {
    value->scalar = accepted_;
    return value;
  }
  if (Chance(5)) return Noise(2);
  if (slices_) {
    for (const char* key : {"byteStart", "byteEnd", "byteStart"}) {
      if (Chance(20)) value->members.emplace_back(RandomText(), Noise(3));
      if (Chance(*key == 'b' ? 80 : 10)) value->members.emplace_back(key, nullptr);
    }
    for (auto& [key, member] : value->members) {
      if (member != nullptr) continue;
      member = std::make_unique<Value>();
      member->scalar = Chance(95) ? std::to_string(Below(12)) : Chance(50) ? "-1" : "null";
    }
    return value;
  }
  value->scalar = ScalarFor(field);
  return value;
}

std::unique_ptr<RandomRecords::Value> RandomRecords::Noise(int depth) {
  auto value = std::make_unique<Value>();
  const uint64_t kind = Below(depth < 4 ? 8 : 6);
  if (kind < 6) {
    constexpr std::string_view kScalars[] = {"null", "true", "false", "0", "-1.5e3", "12345678901234567890", "7"};
    value->scalar = kind < 2 ? Quoted(RandomText()) : std::string(Pick(kScalars));
    return value;
  }
  value->is_array = kind == 6;
  for (uint64_t i = Below(5); i > 0; --i) value->members.emplace_back(RandomText(), Noise(depth + 1));
  return value;
}

std::string RandomRecords::RandomText() {
  std::string text;
  if (Chance(5)) return "[deleted]";
  for (uint64_t i = Below(8); i > 0; --i) text += markup_ && Chance(70) ? Pick(kMarkup) : Pick(kPieces);
  return text;
}

std::string RandomRecords::Quoted(std::string_view text) {
  const uint64_t escapes_percent = Chance(50) ? 0 : 30;
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const std::string_view character = text.substr(at, size);
    at += size;
    if (size == 1 && Chance(escapes_percent)) {
      out += Chance(50) ? absl::StrFormat("\\u%04x", lead) : absl::StrFormat("\\u%04X", lead);
    } else {
      const std::vector<std::string> spellings = SpellingsOf(character);
      out += Chance(escapes_percent) ? spellings[Below(spellings.size())] : spellings.front();
    }
  }
  return out + "\"";
}

std::string RandomRecords::TimeValue() {
  const int64_t ms = static_cast<int64_t>(946'684'800'000 + Below(3'155'760'000'000));
  switch (Below(7)) {
    case 0:
      return std::to_string(ms);
    case 1:
      return Quoted(std::to_string(ms));
    case 2:
      return std::to_string(ms / 1'000);
    case 3:
      return Quoted(std::to_string(ms) + "000");
    case 4:
      return Quoted(absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", 1999 + Below(103), 1 + Below(12),
                                    1 + Below(31), Below(24), Below(61), Below(60), Below(1000)));
    case 5: {
      constexpr std::string_view kMonths[] = {"Jan", "Feb", "Apr", "Dec", "Mai"};
      return Quoted(absl::StrFormat("Wed %s %02d %02d:%02d:%02d +0000 %04d", Pick(kMonths), 1 + Below(31), Below(24),
                                    Below(60), Below(60), 2000 + Below(30)));
    }
    default:
      return std::to_string(ms / 1'000) + "." + std::to_string(Below(1000));
  }
}

std::string RandomRecords::ScalarFor(PostField field) {
  constexpr std::string_view kWrong[] = {"null", "true", "false", "-3",    "1.5",
                                         "1e3",  "\"\"", "0",     "\"x\"", "99999999999999999999"};
  if (Chance(15)) return std::string(Pick(kWrong));
  switch (field) {
    case PostField::kId:
    case PostField::kAuthorId:
    case PostField::kRepostOf:
    case PostField::kReplyTo:
    case PostField::kQuoteOf:
    case PostField::kReferenceId:
      if (Chance(50)) return IdFromAFew();
      return Chance(50) ? std::to_string(Below(1'000'000'000'000)) : Quoted("id" + std::to_string(Below(1'000'000)));
    case PostField::kEventTime:
    case PostField::kAccountCreated:
      return TimeValue();
    case PostField::kFollowers:
      return Chance(80) ? std::to_string(Below(1'000'000)) : Quoted(std::to_string(Below(1'000)));
    case PostField::kVerified:
      return Chance(50) ? "true" : "false";
    case PostField::kRating:
      return Chance(50) ? std::to_string(Below(8)) : Quoted(std::to_string(Below(6)) + ".5");
    case PostField::kNetwork: {
      constexpr std::string_view kNetworks[] = {"twitter", "Reddit", "nowhere"};
      return Quoted(Pick(kNetworks));
    }
    case PostField::kKind: {
      constexpr std::string_view kKinds[] = {"original", "repost", "reply", "quote", "retweeted", "other"};
      return Quoted(Pick(kKinds));
    }
    default:
      return Quoted(RandomText());
  }
}

void RandomRecords::Shuffle(Value* value) {
  if (!value->is_array && Chance(70)) std::shuffle(value->members.begin(), value->members.end(), random_);
  for (auto& [key, member] : value->members) Shuffle(member.get());
}

void RandomRecords::Write(const Value& value, std::string* out) {
  if (!value.scalar.empty()) {
    *out += value.scalar;
    return;
  }
  *out += value.is_array ? '[' : '{';
  for (size_t i = 0; i < value.members.size(); ++i) {
    const auto& [key, member] = value.members[i];
    if (i > 0) *out += ',';
    Space(out);
    if (!value.is_array) {
      const std::vector<std::string> spellings = SpellingsOf(key);
      *out += '"' + (Chance(80) ? spellings.front() : spellings[Below(spellings.size())]) + '"';
      Space(out);
      *out += ':';
      Space(out);
    }
    Write(*member, out);
    Space(out);
  }
  *out += value.is_array ? ']' : '}';
}

void RandomRecords::Space(std::string* out) {
  constexpr char kSpaces[] = {' ', '\n', '\t', '\r'};
  while (Chance(10)) *out += Pick(kSpaces);
}

}  // namespace tocsin
