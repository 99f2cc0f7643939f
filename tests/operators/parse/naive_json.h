// A record as a tree that keeps what nlohmann's own does not: duplicate keys and the digits of numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

struct Tree {
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };
  Type type = Type::kNull;
  bool truth = false;
  std::string text = {};  // of a string, or the digits of a number
  std::vector<std::pair<std::string, Tree>> members = {};
  std::vector<Tree> elements = {};
};

// Nothing if `record` is not JSON.
std::optional<Tree> ParseTree(std::string_view record);

// The first of that key; null if there is none.
const Tree* Member(const Tree& tree, const std::string& key);

std::optional<std::string> AsString(const Tree& tree);
std::optional<std::string> AsIdentifier(const Tree& tree);

}  // namespace tocsin
