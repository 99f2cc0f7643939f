#include "operators/parse/mapping.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tocsin {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, kPostFieldCount> kFieldNames = {
    "id",           "network",  "event_time",      "text", "language",  "author_id", "author_handle",
    "followers",    "verified", "account_created", "kind", "repost_of", "reply_to",  "quote_of",
    "reference_id", "hashtags", "handles",         "urls", "rating",
};

constexpr std::string_view kEveryElement = "*";

// Undoes RFC 6901's escapes; nothing if a '~' is followed by neither 0 nor 1.
std::optional<std::string> DecodeToken(std::string_view token) {
  std::string decoded;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      decoded += token[i];
      continue;
    }
    if (i + 1 == token.size() || (token[i + 1] != '0' && token[i + 1] != '1')) return std::nullopt;
    decoded += token[++i] == '0' ? '~' : '/';
  }
  return decoded;
}

// REQUIRES: a pointer that CheckPointer accepts.
std::vector<std::string> Tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (std::string_view token : absl::StrSplit(pointer.substr(1), '/')) {
    tokens.push_back(DecodeToken(token).value_or(std::string()));
  }
  return tokens;
}

std::optional<uint32_t> ElementNumber(std::string_view token) {
  uint32_t number = 0;
  const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  const bool whole = error == std::errc() && stop == token.data() + token.size();
  if (!whole || token.empty() || (token.size() > 1 && token.front() == '0')) return std::nullopt;
  return number;
}

}  // namespace

std::string_view PostFieldName(PostField field) { return kFieldNames[static_cast<size_t>(field)]; }

std::optional<PostField> PostFieldFromName(std::string_view name) {
  for (size_t i = 0; i < kFieldNames.size(); ++i) {
    if (kFieldNames[i] == name) return static_cast<PostField>(i);
  }
  return std::nullopt;
}

bool IsListField(PostField field) {
  return field == PostField::kHashtags || field == PostField::kHandles || field == PostField::kUrls;
}

absl::Status Mapping::CheckPointer(PostField field, std::string_view pointer) {
  if (pointer.size() < 2 || pointer.front() != '/') {
    return absl::InvalidArgumentError("a JSON Pointer begins with '/' and names a key, such as /user/id");
  }
  const std::vector<std::string_view> tokens = absl::StrSplit(pointer.substr(1), '/');
  if (tokens.size() > kMaxPointerTokens) {
    return absl::InvalidArgumentError(absl::StrCat("a pointer may have at most ", kMaxPointerTokens, " parts"));
  }
  for (std::string_view token : tokens) {
    if (token.empty()) return absl::InvalidArgumentError("a part of the pointer is empty");
    if (!DecodeToken(token).has_value()) {
      return absl::InvalidArgumentError("'~' is written ~0 and '/' within a key ~1 (RFC 6901)");
    }
    if (token == kEveryElement && !IsListField(field)) {
      return absl::InvalidArgumentError(
          "'*' (every element) is for hashtags, handles and urls; name one element by number");
    }
  }
  return absl::OkStatus();
}

// Grows the tree of places pointer by pointer; key tables are built at the end.
class Mapping::Builder {
 public:
  explicit Builder(Mapping* mapping) : mapping_(mapping) { AddNode(false); }

  absl::Status Add(PostField field, std::string_view pointer) {
    if (absl::Status status = CheckPointer(field, pointer); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(status.message(), "; field=", PostFieldName(field), " pointer=", pointer));
    }
    uint16_t at = 0;
    uint16_t array = kNoNode;  // the one whose presence decides
    for (const std::string& token : Tokens(pointer)) {
      if (token == kEveryElement && array == kNoNode) array = at;
      at = token == kEveryElement ? EveryElement(at) : Child(at, token);
    }
    Alternative alternative;
    if (!IsListField(field)) {
      alternative.slot = Slot(at);
    } else if (array == kNoNode) {
      alternative.slot = Slot(at);
      alternative.entries = Slot(EveryElement(at));
    } else {
      alternative.slot = Slot(array);
      alternative.entries = Slot(at);
    }
    if (mapping_->slot_count_ > kMaxSlots) {
      return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxSlots, " places in a record are mapped"));
    }
    mapping_->alternatives_[static_cast<size_t>(field)].push_back(alternative);
    mapping_->slots_[static_cast<size_t>(field)] |= uint64_t{1} << alternative.slot;
    return absl::OkStatus();
  }

  absl::Status Finish() {
    for (size_t i = 0; i < mapping_->nodes_.size(); ++i) {
      std::vector<std::pair<std::string, int>> spellings;
      for (size_t key = 0; key < keys_[i].size(); ++key) {
        for (std::string& spelling : SpellingsOf(keys_[i][key])) {
          spellings.emplace_back(std::move(spelling), static_cast<int>(key));
        }
      }
      if (keys_[i].size() > kMaxKeys || spellings.size() > KeyTable::kMaxSpellings) {
        return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxKeys, " keys of one object are mapped"));
      }
      const size_t unused_bits = 64 - keys_[i].size();
      Node& node = mapping_->nodes_[i];
      node.keys = KeyTable(spellings);
      node.wanted = unused_bits == 64 ? 0 : ~uint64_t{0} >> unused_bits;
      node.enters_objects = !node.children.empty();
      node.enters_arrays = node.every_element != kNoNode || !node.elements.empty();
    }
    std::array<size_t, kMaxSlots> uses = {};
    for (const std::vector<Alternative>& alternatives : mapping_->alternatives_) {
      for (const Alternative& alternative : alternatives) {
        for (uint8_t slot : {alternative.slot, alternative.entries}) {
          if (slot != kNoSlot) mapping_->max_uses_ = std::max(mapping_->max_uses_, ++uses[slot]);
        }
      }
    }
    return absl::OkStatus();
  }

 private:
  uint16_t AddNode(bool repeated) {
    mapping_->nodes_.emplace_back().repeated = repeated;
    keys_.emplace_back();
    return static_cast<uint16_t>(mapping_->nodes_.size() - 1);
  }

  uint16_t Child(uint16_t parent, const std::string& token) {
    const std::vector<std::string>& keys = keys_[parent];
    const auto found = std::find(keys.begin(), keys.end(), token);
    if (found != keys.end()) return mapping_->nodes_[parent].children[static_cast<size_t>(found - keys.begin())];
    const uint16_t child = AddNode(mapping_->nodes_[parent].repeated);
    keys_[parent].push_back(token);
    Node& node = mapping_->nodes_[parent];
    node.children.push_back(child);
    if (const std::optional<uint32_t> number = ElementNumber(token)) node.elements.emplace_back(*number, child);
    return child;
  }

  uint16_t EveryElement(uint16_t parent) {
    if (mapping_->nodes_[parent].every_element == kNoNode) {
      const uint16_t child = AddNode(true);
      mapping_->nodes_[parent].every_element = child;
    }
    return mapping_->nodes_[parent].every_element;
  }

  uint8_t Slot(uint16_t node) {
    uint8_t& slot = mapping_->nodes_[node].slot;
    if (slot == kNoSlot) slot = static_cast<uint8_t>(std::min<size_t>(mapping_->slot_count_++, kMaxSlots));
    return slot;
  }

  Mapping* mapping_;
  std::vector<std::vector<std::string>> keys_;  // by node
};

absl::StatusOr<std::shared_ptr<const Mapping>> Mapping::FromFields(const FieldPointers& fields, Network network) {
  std::shared_ptr<Mapping> mapping = absl::WrapUnique(new Mapping());
  mapping->network_ = network;
  Builder builder(mapping.get());
  for (PostField required : {PostField::kId, PostField::kEventTime, PostField::kText}) {
    const auto found = fields.find(required);
    if (found == fields.end() || found->second.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("id, event_time and text are required; missing=", PostFieldName(required)));
    }
  }
  for (const auto& [field, pointers] : fields) {
    for (const std::string& pointer : pointers) {
      if (absl::Status status = builder.Add(field, pointer); !status.ok()) return status;
    }
  }
  if (absl::Status status = builder.Finish(); !status.ok()) return status;
  return mapping;
}

}  // namespace tocsin
