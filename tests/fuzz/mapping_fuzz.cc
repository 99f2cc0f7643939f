// Field mappings as a configuration may have them, and a record through each that is accepted.
//
// Input: lines "field pointer", an empty line, the record.
#include <memory>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "operators/parse/post_parser.h"
#include "tests/fuzz/fuzz_target.h"

namespace tocsin {
namespace {

constexpr std::string_view kRecords[] = {
    R"({"id":"1","time":"2026-01-02T03:04:05Z","text":"a b","list":[{"id":2,"tag":"x"},["y"]],"a/b":{"~":{"0":true}}})",
    R"([{"id":7}])", R"({"id":1,"id":2,"text":null,"time":1700000000})"};

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (const std::string_view preset : Mapping::PresetNames()) {
    std::string lines;
    for (const auto& [field, pointers] : Mapping::PresetFields(preset)) {
      for (const std::string& pointer : pointers) absl::StrAppend(&lines, PostFieldName(field), " ", pointer, "\n");
    }
    for (const std::string_view record : kRecords) seeds.push_back(absl::StrCat(lines, "\n", record));
  }
  seeds.push_back(absl::StrCat(
      "id /a~1b/~0/0\nid /list/0/id\nevent_time /time\ntext /text\nhashtags /list/*/tag\nhashtags /list/*/*\n\n",
      kRecords[0]));
  return seeds;
}

void FuzzOne(std::string_view input) {
  const std::pair<std::string_view, std::string_view> halves = absl::StrSplit(input, absl::MaxSplits("\n\n", 1));
  FieldPointers fields;
  bool all_fit = true;
  for (const std::string_view line : absl::StrSplit(halves.first, '\n')) {
    const std::pair<std::string_view, std::string_view> words = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    const std::optional<PostField> field = PostFieldFromName(words.first);
    if (!field.has_value()) continue;
    all_fit &= Mapping::CheckPointer(*field, words.second).ok();
    fields[*field].emplace_back(words.second);
  }
  const absl::StatusOr<std::shared_ptr<const Mapping>> mapping = Mapping::FromFields(fields, Network::kOther);
  if (!mapping.ok()) {
    CHECK(!mapping.status().message().empty());
    return;
  }
  CHECK(all_fit) << "a pointer that may not stand for its field is in a mapping";
  PostParser parser(*mapping, PostParserOptions());
  Post post;
  const DropReason first = parser.Parse(halves.second, 0, -1, &post);
  const std::string id(first == DropReason::kNone ? post.id : "");
  const DropReason again = parser.Parse(halves.second, 0, -1, &post);
  CHECK(first == again);
  if (first == DropReason::kNone) CHECK_EQ(id, post.id);
}

}  // namespace tocsin
