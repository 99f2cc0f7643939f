// A compiled field mapping: where in a record each field of a Post stands.
//
// A mapping names, for each field, JSON Pointers (RFC 6901) in order of preference; all of them are merged into one
// tree of keys, so that a record is walked once from front to back however many pointers there are. Two additions to
// RFC 6901:
// `*` as a token stands for every element of an array (list fields only), and a number stands for an element of an
// array as well as for an object's key. docs/INPUT.md has the tables of the presets and the exact rules.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "operators/parse/key_table.h"
#include "operators/parse/post.h"

namespace tocsin {

enum class PostField : uint8_t {
  kId,
  kNetwork,
  kEventTime,
  kText,
  kLanguage,
  kAuthorId,
  kAuthorHandle,
  kFollowers,
  kVerified,
  kAccountCreated,
  kKind,
  kRepostOf,
  kReplyTo,
  kQuoteOf,
  kReferenceId,
  kHashtags,
  kHandles,
  kUrls,
  kRating,
};
inline constexpr size_t kPostFieldCount = 19;

std::string_view PostFieldName(PostField field);  // "event_time", as in `fields:`
std::optional<PostField> PostFieldFromName(std::string_view name);
bool IsListField(PostField field);  // hashtags, handles, urls

// Pointers in order of preference by field.
using FieldPointers = std::map<PostField, std::vector<std::string>>;

// Immutable after creation, so thread-safe; shared by the parsers of all workers.
class Mapping {
 public:
  static constexpr size_t kMaxSlots = 64;  // distinct places in a record that are looked at
  static constexpr size_t kMaxKeys = 64;   // of one object
  static constexpr size_t kMaxPointerTokens = 16;
  static constexpr uint8_t kNoSlot = 0xFF;
  static constexpr uint16_t kNoNode = 0xFFFF;

  // A place in the record: what lies below it, and where its value is remembered.
  struct Node {
    KeyTable keys;
    uint64_t wanted = 0;                                  // one bit for each key
    std::vector<uint16_t> children;                       // by index in keys
    std::vector<std::pair<uint32_t, uint16_t>> elements;  // of an array, by position
    uint16_t every_element = kNoNode;
    uint8_t slot = kNoSlot;
    bool repeated = false;        // below a `*`: its values are collected, not just the first remembered
    bool enters_objects = false;  // something below is mapped by key
    bool enters_arrays = false;   // something below is mapped by position or as every element
  };

  // One way to find a field. The value at `slot` decides whether it is there; if that is an array, its entries are the
  // values collected for `entries`.
  struct Alternative {
    uint8_t slot = kNoSlot;
    uint8_t entries = kNoSlot;
  };

  // InvalidArgument: a required field (id, event_time, text) without a pointer, a malformed pointer, too many of them.
  // `network` is that of posts whose record names none.
  static absl::StatusOr<std::shared_ptr<const Mapping>> FromFields(const FieldPointers& fields, Network network);

  // InvalidArgument if there is no such preset; the message lists those there are. `network` overrides the preset's.
  static absl::StatusOr<std::shared_ptr<const Mapping>> Preset(std::string_view name, std::optional<Network> network);
  static std::vector<std::string_view> PresetNames();
  // The pointers of a preset, for the documentation and its test; empty if there is no such preset.
  static FieldPointers PresetFields(std::string_view name);

  // Whether `pointer` may stand for `field`; the message says what is wrong with it.
  static absl::Status CheckPointer(PostField field, std::string_view pointer);

  const Node& node(uint16_t index) const { return nodes_[index]; }
  const Node& root() const { return nodes_[0]; }
  const std::vector<Alternative>& alternatives(PostField field) const {
    return alternatives_[static_cast<size_t>(field)];
  }
  // The slots that decide about the field, one bit each.
  uint64_t slots(PostField field) const { return slots_[static_cast<size_t>(field)]; }
  // How many fields at most read the same string of a record: bounds the memory for strings without escapes.
  size_t max_uses() const { return max_uses_; }
  Network network() const { return network_; }

 private:
  class Builder;
  Mapping() = default;

  std::vector<Node> nodes_;
  std::array<std::vector<Alternative>, kPostFieldCount> alternatives_;
  std::array<uint64_t, kPostFieldCount> slots_ = {};
  size_t slot_count_ = 0;
  size_t max_uses_ = 1;
  Network network_ = Network::kOther;
};

}  // namespace tocsin
