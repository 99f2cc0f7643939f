// The part of PostParser that follows recipes: elements selected by a member, templates, filters. Runs after the walk,
// so that it does not matter in which order a record has its members.
#include <algorithm>
#include <array>
#include <cstring>

#include "operators/parse/markup.h"
#include "operators/parse/post_parser.h"

namespace tocsin {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsInsideCharacter(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

void DropRepeats(std::vector<std::string_view>* list) {
  size_t kept = 0;
  for (const std::string_view entry : *list) {
    const auto end = list->begin() + static_cast<std::ptrdiff_t>(kept);
    if (std::find(list->begin(), end, entry) == end) (*list)[kept++] = entry;
  }
  list->resize(kept);
}

}  // namespace

bool PostParser::Compose(const Mapping::Recipe& recipe, JsonToken* token) {
  return recipe.is_template ? Concatenate(recipe, token) : ReadPart(recipe.parts.front(), token);
}

bool PostParser::Concatenate(const Mapping::Recipe& recipe, JsonToken* token) {
  // The values first: reading them uses the scratch memory that the whole is then written to.
  std::array<std::string_view, FieldPath::kMaxParts> texts;
  bool any = false;
  for (size_t i = 0; i < recipe.parts.size(); ++i) {
    const Mapping::Part& part = recipe.parts[i];
    const bool optional = (part.filters & kOptional) != 0;
    const bool there = ReadPart(part, token) && token->type() != JsonType::kNull;
    if (!there && !optional) return false;
    if (!there) continue;
    const OptionalText text = Identifier(*token);
    if (text.has_value()) {
      texts[i] = *text;
      any = true;
    } else if (!optional) {
      *token = JsonToken(JsonType::kArray);  // what no field but a list takes
      return true;
    }
  }
  if (!any) return false;
  if (recipe.parts.size() == 1 && recipe.parts[0].before.empty() && recipe.after.empty()) {
    *token = JsonToken(JsonType::kText, Trimmed(texts[0]));
    return true;
  }
  char* const begin = scratch_.data() + scratch_used_;
  char* end = begin;
  const auto append = [&end](std::string_view text) {
    if (!text.empty()) std::memcpy(end, text.data(), text.size());
    end += text.size();
  };
  for (size_t i = 0; i < recipe.parts.size(); ++i) {
    append(recipe.parts[i].before);
    append(texts[i]);
  }
  append(recipe.after);
  scratch_used_ += static_cast<size_t>(end - begin);
  *token = JsonToken(JsonType::kText, Trimmed({begin, static_cast<size_t>(end - begin)}));
  return true;
}

bool PostParser::ReadPart(const Mapping::Part& part, JsonToken* token) {
  const std::optional<uint32_t> position = Locate(part);
  if (!position.has_value()) return false;
  *token = TokenAt(*position);
  if ((part.filters & kTextFilters) == 0 || token->type() == JsonType::kNull) return true;
  if (token->type() == JsonType::kString) return Filter(part.filters, token);
  *token = JsonToken(JsonType::kArray);  // what is filtered as text must be one
  return true;
}

// REQUIRES: a string. False if a filter takes it for absent.
bool PostParser::Filter(uint8_t filters, JsonToken* token) {
  const OptionalText raw = String(*token);
  if (!raw.has_value()) {
    *token = JsonToken(JsonType::kArray);
    return true;
  }
  std::string_view text = *raw;
  if ((filters & kNotDeleted) != 0 && (text == "[deleted]" || text == "[removed]")) return false;
  char* const out = scratch_.data() + scratch_used_;
  if ((filters & kHtml) != 0) {
    text = HtmlToText(text, out);
  } else if ((filters & kEntities) != 0) {
    text = DecodeEntities(text, out);
  }
  if (text.data() == out) scratch_used_ += text.size();
  *token = JsonToken(JsonType::kText, text);
  return true;
}

std::optional<uint32_t> PostParser::Locate(const Mapping::Part& part) {
  if (!scan_.has(part.slot)) return std::nullopt;
  if (part.selector == Mapping::kNoSelector) return scan_.position(part.slot);
  const uint32_t element = ElementOf(part.selector);
  if (element == RecordScan::kNoElement) return std::nullopt;
  for (const RecordScan::Entry& entry : scan_.entries()) {
    if (entry.slot == part.slot && entry.element == element) return entry.position;
  }
  return std::nullopt;
}

uint32_t PostParser::ElementOf(uint8_t selector) {
  if (elements_[selector] == kUnresolved) elements_[selector] = FindElement(mapping_->selector(selector));
  return elements_[selector];
}

uint32_t PostParser::FindElement(const Mapping::Selector& selector) {
  if (!scan_.has(selector.key)) return RecordScan::kNoElement;
  const std::string_view wanted = selector.field.has_value() ? FirstNamedId(*selector.field) : selector.value;
  if (wanted.empty()) return RecordScan::kNoElement;
  for (const RecordScan::Entry& entry : scan_.entries()) {
    if (entry.slot == selector.key && Equals(entry.position, wanted)) return entry.element;
  }
  return RecordScan::kNoElement;
}

// Whether the identifier at `position` is `text`.
bool PostParser::Equals(uint32_t position, std::string_view text) {
  const size_t used = scratch_used_;
  const OptionalText found = Identifier(TokenAt(position));
  scratch_used_ = used;
  return found.has_value() && *found == text;
}

// Returns whether the recipe decides: something of it is there, or the element that it selects. Templates list an entry
// once, however many of their places have it.
bool PostParser::ComposeList(const Mapping::Recipe& recipe, std::string_view text, char sigil,
                             std::vector<std::string_view>* list) {
  bool decides = false;
  for (const Mapping::Part& part : recipe.parts) {
    uint32_t element = RecordScan::kNoElement;
    if (part.selector != Mapping::kNoSelector) {
      element = ElementOf(part.selector);
      decides |= element != RecordScan::kNoElement;
    }
    const std::optional<uint32_t> position = Locate(part);
    if (!position.has_value()) continue;
    const JsonToken token = TokenAt(*position);
    malformed_ |= token.type() == JsonType::kInvalid;
    decides |= token.type() == JsonType::kString || token.type() == JsonType::kArray;
    if (token.type() == JsonType::kString) {
      if ((part.filters & kLinks) != 0) {
        CollectLinks(token, list);
      } else if ((part.filters & kSlice) == 0) {
        ListEntry(*position, sigil, list);
      }
    } else if (token.type() == JsonType::kArray && (part.filters & kLinks) == 0) {
      for (const RecordScan::Entry& entry : scan_.entries()) {
        if (entry.slot != part.entries || entry.element != element) continue;
        if ((part.filters & kSlice) != 0) {
          Slice(entry.position, text, sigil, list);
        } else {
          ListEntry(entry.position, sigil, list);
        }
      }
    }
  }
  if (recipe.is_template) DropRepeats(list);
  return decides;
}

void PostParser::CollectLinks(JsonToken token, std::vector<std::string_view>* list) {
  const OptionalText html = String(token);
  if (!html.has_value()) return;
  size_t at = 0;
  for (std::string_view link = NextLink(*html, &at); !link.empty(); link = NextLink(*html, &at)) {
    if (list->size() == kMaxListed) return;
    char* const out = scratch_.data() + scratch_used_;
    const std::string_view address = DecodeEntities(link, out);
    if (address.data() == out) scratch_used_ += address.size();
    list->push_back(address);
  }
}

// Adds the bytes of `text` from `byteStart` up to `byteEnd` of the object at `position`, if they begin with `sigil` and
// are whole characters. The object was passed over by the walk: only its brackets are known to balance.
void PostParser::Slice(uint32_t position, std::string_view text, char sigil, std::vector<std::string_view>* list) {
  const uint32_t* const positions = index_.positions();
  const auto at = [&](uint32_t cursor) { return index_.text()[positions[cursor]]; };
  if (at(position) != '{') return;
  std::optional<int64_t> begin, end;
  bool seen_begin = false, seen_end = false;
  uint32_t cursor = position + 1;
  // The record's last position is a bracket, so what follows a quote, a colon or a scalar is still one.
  while (at(cursor) == '"' && at(cursor + 1) == ':') {
    const std::string_view key = TokenAt(cursor).text();
    cursor += 2;
    if (key == "byteStart" && !seen_begin) {
      seen_begin = true;
      begin = ReadWhole(Digits(TokenAt(cursor)));
    } else if (key == "byteEnd" && !seen_end) {
      seen_end = true;
      end = ReadWhole(Digits(TokenAt(cursor)));
    }
    for (int depth = 0;;) {
      const char c = at(cursor++);
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
      if (depth <= 0) break;
    }
    if (at(cursor) != ',') break;
    ++cursor;
  }
  const auto size = static_cast<int64_t>(text.size());
  if (!begin.has_value() || !end.has_value() || *begin < 0 || *begin >= *end || *end > size) return;
  const auto first = static_cast<size_t>(*begin);
  const auto last = static_cast<size_t>(*end);
  if (IsInsideCharacter(text, first) || IsInsideCharacter(text, last)) return;
  std::string_view slice = text.substr(first, last - first);
  if (sigil != 0 && slice.front() != sigil) return;
  if (sigil != 0) slice.remove_prefix(1);
  if (!slice.empty() && list->size() < kMaxListed) list->push_back(slice);
}

}  // namespace tocsin
