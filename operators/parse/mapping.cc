#include "operators/parse/mapping.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

// A value of a template is written out without its escapes, then filtered, then put in its place.
constexpr size_t kUsesByRecipe = 3;

std::optional<uint32_t> ElementNumber(std::string_view token) {
  uint32_t number = 0;
  const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  const bool whole = error == std::errc() && stop == token.data() + token.size();
  if (!whole || token.empty() || (token.size() > 1 && token.front() == '0')) return std::nullopt;
  return number;
}

}  // namespace

absl::Status Mapping::CheckPointer(PostField field, std::string_view pointer) {
  return FieldPath::Parse(field, pointer).status();
}

// Grows the tree of places path by path; the nodes that are walked are built from it at the end.
class Mapping::Builder {
 public:
  explicit Builder(Mapping* mapping) : mapping_(mapping) { AddDraft(false); }

  absl::Status Add(PostField field, std::string_view text) {
    const absl::StatusOr<FieldPath> path = FieldPath::Parse(field, text);
    if (!path.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path.status().message(), "; field=", PostFieldName(field), " pointer=", text));
    }
    Recipe recipe;
    recipe.after = path->after;
    recipe.is_template = path->is_template;
    uint64_t slots = 0;
    for (const FieldPath::Part& part : path->parts) {
      const Part compiled = AddPart(field, part);
      slots |= Bit(compiled.slot);
      if (compiled.selector != kNoSelector) slots |= Bit(mapping_->selectors_[compiled.selector].key);
      recipe.parts.push_back(compiled);
    }
    const Part& first = recipe.parts.front();
    Alternative alternative = {.slot = first.slot, .entries = first.entries, .recipe = kNoRecipe};
    if (path->is_template || first.selector != kNoSelector) {
      alternative = {.slot = kNoSlot, .entries = kNoSlot, .recipe = static_cast<uint8_t>(mapping_->recipes_.size())};
      mapping_->recipes_.push_back(std::move(recipe));
    }
    std::vector<Alternative>& alternatives = alternatives_[static_cast<size_t>(field)];
    if (alternatives.size() == kMaxPaths) {
      return absl::InvalidArgumentError(
          absl::StrCat("more than ", kMaxPaths, " paths of a field; field=", PostFieldName(field)));
    }
    alternatives.push_back(alternative);
    mapping_->slots_[static_cast<size_t>(field)] |= slots;
    return CheckSizes();
  }

  // The slot of a place that is no field's.
  absl::StatusOr<uint8_t> AddPlain(std::string_view pointer) {
    const absl::StatusOr<FieldPath> path = FieldPath::Parse(PostField::kId, pointer);
    if (!path.ok()) return path.status();
    const Part part = AddPart(PostField::kId, path->parts.front());
    if (path->is_template || part.selector != kNoSelector) {
      return absl::InvalidArgumentError(absl::StrCat("only a plain JSON Pointer will do here; pointer=", pointer));
    }
    if (absl::Status status = CheckSizes(); !status.ok()) return status;
    return part.slot;
  }

  absl::Status Finish() {
    for (const Draft& draft : drafts_) {
      if (absl::Status status = AddNode(draft); !status.ok()) return status;
    }
    for (size_t field = 0; field < kPostFieldCount; ++field) {
      std::vector<Alternative>& all = mapping_->alternatives_;
      all.insert(all.end(), alternatives_[field].begin(), alternatives_[field].end());
      mapping_->alternative_ends_[field + 1] = static_cast<uint16_t>(all.size());
    }
    if (absl::Status status = CheckSelectors(); !status.ok()) return status;
    CountUses();
    return absl::OkStatus();
  }

 private:
  // A place while the tree grows; places are numbered as their nodes will be.
  struct Draft {
    std::vector<std::string> keys;
    std::vector<uint16_t> children;  // by index in keys
    std::vector<std::pair<uint32_t, uint16_t>> elements;
    uint16_t every_element = kNoNode;
    uint16_t selected_element = kNoNode;
    uint8_t slot = kNoSlot;
    bool repeated = false;
  };

  absl::Status AddNode(const Draft& draft) {
    std::vector<std::pair<std::string, int>> spellings;
    for (size_t key = 0; key < draft.keys.size(); ++key) {
      for (std::string& spelling : SpellingsOf(draft.keys[key])) {
        spellings.emplace_back(std::move(spelling), static_cast<int>(key));
      }
    }
    if (draft.keys.size() > kMaxKeys || spellings.size() > KeyTable::kMaxSpellings) {
      return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxKeys, " keys of one object are mapped"));
    }
    const size_t unused_bits = 64 - draft.keys.size();
    Node& node = mapping_->nodes_.emplace_back();
    node.keys = KeyTable(spellings);
    node.wanted = unused_bits == 64 ? 0 : ~uint64_t{0} >> unused_bits;
    for (const uint16_t child : draft.children) node.children.push_back(PlaceOf(child));
    for (const auto& [number, child] : draft.elements) node.elements.emplace_back(number, PlaceOf(child));
    node.every_element = PlaceOf(draft.every_element);
    node.selected_element = PlaceOf(draft.selected_element);
    return absl::OkStatus();
  }

  Place PlaceOf(uint16_t number) const {
    if (number == kNoNode) return {};
    const Draft& draft = drafts_[number];
    Place place;
    place.node = number;
    place.slot = draft.slot;
    place.repeated = draft.repeated;
    place.enters_objects = !draft.children.empty();
    place.enters_arrays =
        draft.every_element != kNoNode || draft.selected_element != kNoNode || !draft.elements.empty();
    return place;
  }

  static uint64_t Bit(uint8_t slot) { return slot < kMaxSlots ? uint64_t{1} << slot : 0; }

  absl::Status CheckSizes() const {
    if (mapping_->slot_count_ > kMaxSlots) {
      return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxSlots, " places in a record are mapped"));
    }
    if (mapping_->selectors_.size() > kMaxSelectors) {
      return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxSelectors, " different [key=value] are mapped"));
    }
    if (mapping_->recipes_.size() >= kNoRecipe) return absl::InvalidArgumentError("too many templates");
    return absl::OkStatus();
  }

  // A selector is followed once the walk is over, and must not wait for itself.
  absl::Status CheckSelectors() const {
    for (const Selector& selector : mapping_->selectors_) {
      if (!selector.field.has_value()) continue;
      for (const Alternative& alternative : mapping_->alternatives(*selector.field)) {
        if (alternative.recipe == kNoRecipe) continue;
        for (const Part& part : mapping_->recipes_[alternative.recipe].parts) {
          if (part.selector == kNoSelector || !mapping_->selectors_[part.selector].field.has_value()) continue;
          return absl::InvalidArgumentError(
              absl::StrCat("a field that selects an element may not itself be found by "
                           "another field; field=",
                           PostFieldName(*selector.field)));
        }
      }
    }
    return absl::OkStatus();
  }

  void CountUses() {
    std::array<size_t, kMaxSlots> uses = {};
    const auto use = [&](const Alternative& alternative) {
      if (alternative.recipe == kNoRecipe) {
        for (uint8_t slot : {alternative.slot, alternative.entries}) {
          if (slot != kNoSlot) ++uses[slot];
        }
        return;
      }
      const Recipe& recipe = mapping_->recipes_[alternative.recipe];
      mapping_->literal_bytes_ += recipe.after.size();
      for (const Part& part : recipe.parts) {
        mapping_->literal_bytes_ += part.before.size();
        for (uint8_t slot : {part.slot, part.entries}) {
          if (slot != kNoSlot) uses[slot] += kUsesByRecipe;
        }
      }
    };
    for (const Alternative& alternative : mapping_->alternatives_) use(alternative);
    for (const Selector& selector : mapping_->selectors_) {
      ++uses[selector.key];
      if (!selector.field.has_value()) continue;
      for (const Alternative& alternative : mapping_->alternatives(*selector.field)) use(alternative);
    }
    for (const Condition& condition : mapping_->conditions_) ++uses[condition.slot];
    mapping_->max_uses_ = std::max<size_t>(1, *std::max_element(uses.begin(), uses.end()));
  }

  Part AddPart(PostField field, const FieldPath::Part& part) {
    Part placed;
    placed.before = part.before;
    placed.filters = part.filters;
    uint16_t at = 0;
    uint16_t array = kNoNode;  // the one whose presence decides
    for (const PathToken& token : part.tokens) {
      switch (token.kind) {
        case PathToken::Kind::kKey:
          at = Child(at, token.key);
          break;
        case PathToken::Kind::kEveryElement:
          if (array == kNoNode) array = at;
          at = EveryElement(at);
          break;
        case PathToken::Kind::kSelected:
          at = SelectedElement(at);
          placed.selector = AddSelector({Slot(Child(at, token.key)), token.value, token.field});
          break;
      }
    }
    if (!IsListField(field) || (part.filters & kLinks) != 0) {
      placed.slot = Slot(at);
    } else if (array == kNoNode) {
      placed.slot = Slot(at);
      placed.entries = Slot(EveryElement(at));
    } else {
      placed.slot = Slot(array);
      placed.entries = Slot(at);
    }
    return placed;
  }

  uint8_t AddSelector(const Selector& selector) {
    std::vector<Selector>& all = mapping_->selectors_;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Selector& other) {
      return other.key == selector.key && other.value == selector.value;
    });
    const auto index = static_cast<size_t>(found - all.begin());
    if (found == all.end()) all.push_back(selector);
    return static_cast<uint8_t>(std::min<size_t>(index, kNoSelector - 1));
  }

  uint16_t AddDraft(bool repeated) {
    drafts_.emplace_back().repeated = repeated;
    return static_cast<uint16_t>(drafts_.size() - 1);
  }

  uint16_t Child(uint16_t parent, const std::string& token) {
    const std::vector<std::string>& keys = drafts_[parent].keys;
    const auto found = std::find(keys.begin(), keys.end(), token);
    if (found != keys.end()) return drafts_[parent].children[static_cast<size_t>(found - keys.begin())];
    const uint16_t child = AddDraft(drafts_[parent].repeated);
    Draft& draft = drafts_[parent];
    draft.keys.push_back(token);
    draft.children.push_back(child);
    if (const std::optional<uint32_t> number = ElementNumber(token)) draft.elements.emplace_back(*number, child);
    return child;
  }

  uint16_t EveryElement(uint16_t parent) {
    if (drafts_[parent].every_element == kNoNode) {
      const uint16_t child = AddDraft(true);
      drafts_[parent].every_element = child;
    }
    return drafts_[parent].every_element;
  }

  uint16_t SelectedElement(uint16_t parent) {
    if (drafts_[parent].selected_element == kNoNode) {
      const uint16_t child = AddDraft(true);
      drafts_[parent].selected_element = child;
    }
    return drafts_[parent].selected_element;
  }

  uint8_t Slot(uint16_t place) {
    uint8_t& slot = drafts_[place].slot;
    if (slot == kNoSlot) slot = static_cast<uint8_t>(std::min<size_t>(mapping_->slot_count_++, kMaxSlots));
    return slot;
  }

  Mapping* mapping_;
  std::vector<Draft> drafts_;
  std::array<std::vector<Alternative>, kPostFieldCount> alternatives_;
};

absl::StatusOr<std::shared_ptr<const Mapping>> Mapping::FromSpec(const MappingSpec& spec) {
  std::shared_ptr<Mapping> mapping = absl::WrapUnique(new Mapping());
  mapping->network_ = spec.network;
  Builder builder(mapping.get());
  for (PostField required : {PostField::kId, PostField::kEventTime, PostField::kText}) {
    const auto found = spec.fields.find(required);
    if (found == spec.fields.end() || found->second.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("id, event_time and text are required; missing=", PostFieldName(required)));
    }
  }
  for (const auto& [field, pointers] : spec.fields) {
    for (const std::string& pointer : pointers) {
      if (absl::Status status = builder.Add(field, pointer); !status.ok()) return status;
    }
  }
  for (const PostCondition& condition : spec.conditions) {
    const absl::StatusOr<uint8_t> slot = builder.AddPlain(condition.pointer);
    if (!slot.ok()) return slot.status();
    mapping->conditions_.push_back({*slot, condition.value});
  }
  if (!spec.envelope.empty()) {
    const absl::StatusOr<uint8_t> slot = builder.AddPlain(spec.envelope);
    if (!slot.ok()) return slot.status();
    mapping->envelope_ = *slot;
  }
  if (absl::Status status = builder.Finish(); !status.ok()) return status;
  return mapping;
}

}  // namespace tocsin
