#include "tests/operators/parse/naive_json.h"

#include <nlohmann/json.hpp>

namespace tocsin {
namespace {

class TreeMaker : public nlohmann::json_sax<nlohmann::json> {
 public:
  Tree root;

  bool null() override { return Put({}); }
  bool boolean(bool value) override { return Put({.type = Tree::Type::kBool, .truth = value}); }
  // Signed only where a minus stands, and so the only zero here is -0.
  bool number_integer(int64_t value) override { return Number(value == 0 ? "-0" : std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { return Number(std::to_string(value)); }
  bool number_float(double, const std::string& digits) override { return Number(digits); }
  bool string(std::string& value) override { return Put({.type = Tree::Type::kString, .text = value}); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(Tree::Type::kObject); }
  bool start_array(size_t) override { return Open(Tree::Type::kArray); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    keys_.back() = name;
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  bool Number(std::string digits) { return Put({.type = Tree::Type::kNumber, .text = std::move(digits)}); }
  bool Open(Tree::Type type) {
    open_.push_back({.type = type});
    keys_.emplace_back();
    return true;
  }
  bool Close() {
    Tree done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return Put(std::move(done));
  }
  bool Put(Tree value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().type == Tree::Type::kArray) {
      open_.back().elements.push_back(std::move(value));
    } else {
      open_.back().members.emplace_back(keys_.back(), std::move(value));
    }
    return true;
  }

  std::vector<Tree> open_;
  std::vector<std::string> keys_;
};

}  // namespace

std::optional<Tree> ParseTree(std::string_view record) {
  TreeMaker maker;
  if (!nlohmann::json::sax_parse(record, &maker)) return std::nullopt;
  return std::move(maker.root);
}

const Tree* Member(const Tree& tree, const std::string& key) {
  for (const auto& [name, value] : tree.members) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::optional<std::string> AsString(const Tree& tree) {
  return tree.type == Tree::Type::kString ? std::optional(tree.text) : std::nullopt;
}

std::optional<std::string> AsIdentifier(const Tree& tree) {
  if (tree.type == Tree::Type::kNumber && tree.text.find_first_not_of("0123456789") == std::string::npos) {
    return tree.text;
  }
  return AsString(tree);
}

}  // namespace tocsin
