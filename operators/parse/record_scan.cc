#include "operators/parse/record_scan.h"

#include <array>

#include "operators/parse/key_table.h"

namespace tocsin {
namespace {

// What a structural character does to the nesting; kSeparator for those that do nothing but cannot begin a value.
constexpr int8_t kSeparator = 2;
constexpr std::array<int8_t, 256> MakeBracketTable(int8_t separator) {
  std::array<int8_t, 256> table = {};
  table['{'] = table['['] = 1;
  table['}'] = table[']'] = -1;
  table[','] = table[':'] = separator;
  return table;
}
constexpr std::array<int8_t, 256> kBrackets = MakeBracketTable(0);
constexpr std::array<int8_t, 256> kValueStarts = MakeBracketTable(kSeparator);

}  // namespace

DropReason RecordScan::Run(const JsonIndex& index, const Mapping& mapping, int max_depth) {
  present_ = 0;
  entries_.clear();
  mapping_ = &mapping;
  text_ = index.text();
  structurals_ = index.positions();
  size_ = index.size();
  max_depth_ = max_depth;
  reason_ = DropReason::kNone;
  element_ = kNoElement;
  if (At(0) != '{' || At(size_ - 1) != '}') return DropReason::kNotJson;
  const Cursor end = Object(mapping.root(), 0, 1);
  if (end == kFailed) return reason_;
  return end == size_ ? DropReason::kNone : DropReason::kNotJson;
}

RecordScan::Cursor RecordScan::Object(const Mapping::Node& node, Cursor cursor, int depth) {
  if (depth > max_depth_) return Fail(DropReason::kTooDeep);
  const char* const text = text_;
  const uint32_t* const structurals = structurals_;
  const size_t size = size_;
  if (++cursor < size && text[structurals[cursor]] == '}') return cursor + 1;
  for (uint64_t seen = 0;;) {
    if (cursor + 4 > size) return Fail(DropReason::kNotJson);  // the least that can follow: key, colon, value, end
    const size_t quote = structurals[cursor];
    const size_t colon = structurals[cursor + 1];
    if (text[quote] != '"' || text[colon] != ':') return Fail(DropReason::kNotJson);
    size_t end = colon - 1;
    while (text[end] != '"') --end;  // only white space can stand between
    const int child = node.keys.Find(text + quote + 1, end - quote - 1);
    cursor += 2;
    if (child != KeyTable::kNone && (seen >> child & 1) == 0) {
      seen |= uint64_t{1} << child;
      cursor = Value(node.children[static_cast<size_t>(child)], cursor, depth);
      if (cursor < size && seen == node.wanted) return Leave(cursor, depth);
    } else if (kValueStarts[static_cast<unsigned char>(text[structurals[cursor]])] == 0) {
      ++cursor;
    } else {
      cursor = Pass(cursor, depth);
    }
    if (cursor >= size) return cursor == kFailed ? kFailed : Fail(DropReason::kNotJson);
    const char next = text[structurals[cursor++]];
    if (next != ',') return next == '}' ? cursor : Fail(DropReason::kNotJson);
  }
}

RecordScan::Cursor RecordScan::Array(const Mapping::Node& node, Cursor cursor, int depth) {
  if (depth > max_depth_) return Fail(DropReason::kTooDeep);
  if (++cursor < size_ && At(cursor) == ']') return cursor + 1;
  for (uint32_t number = 0;; ++number) {
    if (size_ - cursor < 2) return Fail(DropReason::kNotJson);
    // An element may be asked for by its number, as one of all and by a member: then it is walked as often.
    Cursor end = 0;
    for (const auto& [element, child] : node.elements) {
      if (element == number) end = Value(child, cursor, depth);
    }
    if (node.every_element.node != Mapping::kNoNode && end != kFailed) {
      end = Value(node.every_element, cursor, depth);
    }
    if (node.selected_element.node != Mapping::kNoNode && end != kFailed) {
      element_ = number;
      end = Value(node.selected_element, cursor, depth);
      element_ = kNoElement;
    }
    cursor = end == 0 ? Pass(cursor, depth) : end;
    if (cursor >= size_) return cursor == kFailed ? kFailed : Fail(DropReason::kNotJson);
    const char next = At(cursor++);
    if (next == ']') return cursor;
    if (next != ',') return Fail(DropReason::kNotJson);
  }
}

inline RecordScan::Cursor RecordScan::Value(Mapping::Place place, Cursor cursor, int depth) {
  if (place.slot != Mapping::kNoSlot) {
    present_ |= uint64_t{1} << place.slot;
    if (!place.repeated) {
      positions_[place.slot] = static_cast<uint32_t>(cursor);
    } else if (entries_.size() < kMaxEntries) {
      entries_.push_back({.slot = place.slot, .element = element_, .position = static_cast<uint32_t>(cursor)});
    }
  }
  const char first = At(cursor);
  if (kValueStarts[static_cast<unsigned char>(first)] == 0) return cursor + 1;
  if (first == '{' && place.enters_objects) return Object(mapping_->node(place.node), cursor, depth + 1);
  if (first == '[' && place.enters_arrays) return Array(mapping_->node(place.node), cursor, depth + 1);
  return Pass(cursor, depth);
}

RecordScan::Cursor RecordScan::Pass(Cursor cursor, int depth) {
  const int8_t start = kValueStarts[static_cast<unsigned char>(At(cursor))];
  if (start == 0) return cursor + 1;
  return start == 1 ? Leave(cursor + 1, depth + 1) : Fail(DropReason::kNotJson);
}

// Needs no look at the size where no bracket stands: the last position of all is one (see Run).
RecordScan::Cursor RecordScan::Leave(Cursor cursor, int depth) {
  const char* const text = text_;
  const uint32_t* const structurals = structurals_;
  for (int level = depth; cursor < size_;) {
    int8_t bracket = 0;
    while ((bracket = kBrackets[static_cast<unsigned char>(text[structurals[cursor++]])]) == 0) {
    }
    level += bracket;
    if (level < depth) return cursor;
    if (level > max_depth_) return Fail(DropReason::kTooDeep);
  }
  return Fail(DropReason::kNotJson);
}

}  // namespace tocsin
