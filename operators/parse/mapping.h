// A compiled field mapping: where in a record each field of a Post stands.
//
// A mapping names, for each field, paths (field_path.h: JSON Pointers and a little more) in order of preference; all of
// them are merged into one tree of keys, so that a record is walked once from front to back however many paths there
// are. What a path says beyond one place (an element to be selected, a text to be composed) is compiled to a recipe,
// which the parser follows after the walk: what selects an element may stand behind it in the record. Mappings without
// recipes do not pay for them. docs/INPUT.md has the tables of the presets and the exact rules.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "operators/parse/field_path.h"
#include "operators/parse/key_table.h"
#include "operators/parse/post.h"
#include "operators/parse/post_field.h"

namespace tocsin {

// Paths in order of preference by field.
using FieldPointers = std::map<PostField, std::vector<std::string>>;

// What records must say to be posts at all. One that says something else at `pointer` is passed over: it is not dead.
// Where the value is absent or no string the record is taken for a post.
struct PostCondition {
  std::string pointer;
  std::string value;
};

struct MappingSpec {
  FieldPointers fields;
  Network network = Network::kOther;  // of posts whose record names none
  std::vector<PostCondition> conditions;
  // A pointer; if a string stands there it is a JSON record, and the post is in that.
  std::string envelope;
};

// Immutable after creation, so thread-safe; shared by the parsers of all workers.
class Mapping {
 public:
  static constexpr size_t kMaxSlots = 64;  // distinct places in a record that are looked at
  static constexpr size_t kMaxKeys = 64;   // of one object
  static constexpr size_t kMaxPaths = 64;  // of one field
  static constexpr size_t kMaxSelectors = 16;
  static constexpr uint8_t kNoSlot = 0xFF;
  static constexpr uint8_t kNoRecipe = 0xFF;
  static constexpr uint8_t kNoSelector = 0xFF;
  static constexpr uint16_t kNoNode = 0xFFFF;

  // What is done with the value that stands at a place of the record.
  struct Place {
    uint16_t node = kNoNode;          // what lies below it
    uint8_t slot = kNoSlot;           // where its position is remembered
    bool repeated : 1 = false;        // below every or a selected element: all positions are kept, not just the first
    bool enters_objects : 1 = false;  // something below is mapped by key
    bool enters_arrays : 1 = false;   // something below is mapped by position, as every or as the selected element
  };
  // What lies below a place. The walk looks at those of objects and arrays only: what it needs of the values in them
  // is beside their keys.
  struct Node {
    KeyTable keys;
    uint64_t wanted = 0;                               // one bit for each key
    std::vector<Place> children;                       // by index in keys
    std::vector<std::pair<uint32_t, Place>> elements;  // of an array, by position
    Place every_element;
    Place selected_element;  // as every_element, and values know the element that they stood in
  };

  // An element of an array: the first whose member at slot `key` equals `value`, or the id found for `field`.
  struct Selector {
    uint8_t key = kNoSlot;
    std::string value;
    std::optional<PostField> field;
  };

  // A value of a template; slot and entries as in Alternative, within the element that `selector` selects if any.
  struct Part {
    std::string before;  // literal text
    uint8_t slot = kNoSlot;
    uint8_t entries = kNoSlot;
    uint8_t selector = kNoSelector;
    uint8_t filters = 0;  // PathFilter bits
  };
  struct Recipe {
    std::vector<Part> parts;
    std::string after;         // literal text
    bool is_template = false;  // else the one part's value is taken as it is
  };

  // One way to find a field: by a recipe, or else the value at `slot` decides whether it is there; if that is an array,
  // its entries are the values collected for `entries`.
  struct Alternative {
    uint8_t slot = kNoSlot;
    uint8_t entries = kNoSlot;
    uint8_t recipe = kNoRecipe;
  };

  struct Condition {
    uint8_t slot = kNoSlot;
    std::string value;
  };

  // InvalidArgument: a required field (id, event_time, text) without a path, a malformed path, too many of them, fields
  // that select each other.
  static absl::StatusOr<std::shared_ptr<const Mapping>> FromSpec(const MappingSpec& spec);
  static absl::StatusOr<std::shared_ptr<const Mapping>> FromFields(const FieldPointers& fields, Network network) {
    return FromSpec({.fields = fields, .network = network, .conditions = {}, .envelope = ""});
  }

  // InvalidArgument if there is no such preset; the message lists those there are. `network` overrides the preset's.
  static absl::StatusOr<std::shared_ptr<const Mapping>> Preset(std::string_view name, std::optional<Network> network);
  static std::vector<std::string_view> PresetNames();
  // What a preset consists of; without fields if there is no such preset.
  static MappingSpec PresetSpec(std::string_view name);
  static FieldPointers PresetFields(std::string_view name) { return PresetSpec(name).fields; }

  // Whether `pointer` may stand for `field`; the message says what is wrong with it.
  static absl::Status CheckPointer(PostField field, std::string_view pointer);

  const Node& node(uint16_t index) const { return nodes_[index]; }
  const Node& root() const { return nodes_[0]; }
  // In order of preference.
  absl::Span<const Alternative> alternatives(PostField field) const {
    const auto number = static_cast<size_t>(field);
    return absl::MakeConstSpan(alternatives_.data() + alternative_ends_[number],
                               alternative_ends_[number + 1] - alternative_ends_[number]);
  }
  // The slots that decide about the field, one bit each.
  uint64_t slots(PostField field) const { return slots_[static_cast<size_t>(field)]; }
  const Recipe& recipe(uint8_t index) const { return recipes_[index]; }
  const Selector& selector(uint8_t index) const { return selectors_[index]; }
  bool has_selectors() const { return !selectors_.empty(); }
  // Whether a record has to be looked at before it is read as a post.
  bool has_preliminaries() const { return !conditions_.empty() || envelope_ != kNoSlot; }
  const std::vector<Condition>& conditions() const { return conditions_; }
  uint8_t envelope() const { return envelope_; }  // slot
  // How often at most the same string of a record is written out: bounds the memory for that.
  size_t max_uses() const { return max_uses_; }
  size_t literal_bytes() const { return literal_bytes_; }  // likewise, of the literal text of templates
  Network network() const { return network_; }

 private:
  class Builder;
  Mapping() = default;

  std::vector<Node> nodes_;
  std::vector<Alternative> alternatives_;                            // field by field
  std::array<uint16_t, kPostFieldCount + 1> alternative_ends_ = {};  // of the field before
  std::array<uint64_t, kPostFieldCount> slots_ = {};
  std::vector<Recipe> recipes_;
  std::vector<Selector> selectors_;
  std::vector<Condition> conditions_;
  uint8_t envelope_ = kNoSlot;
  size_t slot_count_ = 0;
  size_t max_uses_ = 1;
  size_t literal_bytes_ = 0;
  Network network_ = Network::kOther;
};

}  // namespace tocsin
