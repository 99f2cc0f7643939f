#include "app/command/command_tree.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tocsin {
namespace {

// CLI11 tells a type with its checks behind it, such as TEXT:{a,b} or INT:INT in [0 - 5].
constexpr std::string_view kChecks[] = {":{", ":INT", ":UINT", ":FLOAT", ":POSITIVE", ":NONNEGATIVE", ":NUMBER"};

CommandOption Describe(const CLI::Option& from) {
  CommandOption option;
  for (const std::string& name : from.get_snames()) option.names.push_back(absl::StrCat("-", name));
  for (const std::string& name : from.get_lnames()) option.names.push_back(absl::StrCat("--", name));
  if (from.get_positional()) option.names = {from.get_name(true)};
  option.description = from.get_description();
  option.required = from.get_required();
  if (from.get_items_expected_max() == 0) return option;
  const std::string type = from.get_type_name();
  size_t end = type.size();
  for (const std::string_view check : kChecks) end = std::min(end, type.find(check));
  option.value = type.substr(0, end);
  std::string_view checks = type;
  checks.remove_prefix(end);
  if (const size_t open = checks.find('{'); open != std::string_view::npos) {
    option.choices = absl::StrSplit(checks.substr(open + 1, checks.find('}') - open - 1), ',');
  }
  if (const size_t open = checks.find(" in ["); open != std::string_view::npos) {
    option.range = std::string(checks.substr(open + 4));
  }
  option.otherwise = from.get_default_str();
  option.takes_path = absl::StrContains(option.value, "FILE") || option.value == "DIR";
  option.repeated = from.get_items_expected_max() > 1;
  return option;
}

void AddOptions(const CLI::App& app, CommandEntry* entry) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    // An option group's options are its command's too.
    (option->get_positional() ? entry->arguments : entry->options).push_back(Describe(*option));
  }
}

void Walk(const CLI::App& app, const std::string& path, std::vector<CommandEntry>* entries) {
  CommandEntry entry;
  entry.path = path;
  entry.description = app.get_description();
  AddOptions(app, &entry);
  const std::vector<const CLI::App*> children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) {
    if (child->get_name().empty()) {
      AddOptions(*child, &entry);
    } else {
      entry.subcommands.push_back(child->get_name());
    }
  }
  entries->push_back(std::move(entry));
  for (const CLI::App* child : children) {
    if (child->get_name().empty()) continue;
    Walk(*child, path.empty() ? child->get_name() : absl::StrCat(path, " ", child->get_name()), entries);
  }
}

}  // namespace

std::vector<CommandEntry> DescribeCommands(const CLI::App& app) {
  std::vector<CommandEntry> entries;
  Walk(app, "", &entries);
  return entries;
}

}  // namespace tocsin
