// Records through every preset, held against the naive parser wherever both know the rule.
#include <memory>

#include "absl/log/check.h"
#include "operators/parse/post_parser.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/operators/parse/naive_parser.h"
#include "tests/operators/parse/random_record.h"

namespace tocsin {
namespace {

constexpr int64_t kAppendTimeMs = 2'500'000'000'000;
constexpr size_t kMaxRecordBytes = 4'096;
constexpr uint64_t kSeed = 1;
constexpr int kSeedsOfAMapping = 12;

MappingSpec OddSpec() {
  MappingSpec spec;
  spec.fields = {{PostField::kId, {"/a~1b/\u00e9/id", "/list/0/id", "/list/1"}},
                 {PostField::kEventTime, {"/deep/er/time", "/t\u65e5"}},
                 {PostField::kText, {"/list/0/text", "/q~0", "/\"quoted\""}},
                 {PostField::kAuthorId, {"/list/0/id"}},
                 {PostField::kHashtags, {"/facets/*/features/*/tag", "/tags"}},
                 {PostField::kHandles, {"/deep/er/handles", "/list"}}};
  return spec;
}

struct Target {
  MappingSpec spec;
  std::unique_ptr<PostParser> plain;
  std::unique_ptr<PostParser> prefixed;
};

const std::vector<Target>& Targets() {
  static const auto* const targets = [] {
    auto* made = new std::vector<Target>();
    std::vector<MappingSpec> specs = {OddSpec()};
    for (const std::string_view preset : Mapping::PresetNames()) specs.push_back(Mapping::PresetSpec(preset));
    for (MappingSpec& spec : specs) {
      spec.network = Network::kForum;
      Target& target = made->emplace_back();
      auto mapping = Mapping::FromSpec(spec);
      target.spec = std::move(spec);
      CHECK_OK(mapping.status());
      PostParserOptions options;
      options.max_record_bytes = kMaxRecordBytes;
      target.plain = std::make_unique<PostParser>(*mapping, options);
      options.schema_registry_prefix = true;
      target.prefixed = std::make_unique<PostParser>(*mapping, options);
    }
    return made;
  }();
  return *targets;
}

// Reasons that the naive parser gives for records that the fast one may pass over, or the other way round.
bool IsBeyondNaive(DropReason reason) {
  return reason == DropReason::kEmpty || reason == DropReason::kTooLarge || reason == DropReason::kNotJson ||
         reason == DropReason::kNotUtf8 || reason == DropReason::kTooDeep;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (size_t i = 0; i < Targets().size(); ++i) {
    RandomRecords records(Targets()[i].spec, kSeed + i);
    for (int n = 0; n < kSeedsOfAMapping; ++n) {
      std::string seed(1, static_cast<char>(i << 2));
      seed.append(records.Next());
      seeds.push_back(seed);
    }
  }
  return seeds;
}

void FuzzOne(std::string_view input) {
  const uint8_t choice = TakeByte(&input);
  const Target& target = Targets()[(choice >> 2) % Targets().size()];
  const bool prefixed = (choice & 1) != 0;
  const int64_t append_time_ms = (choice & 2) != 0 ? kAppendTimeMs : -1;
  PostParser* const parser = prefixed ? target.prefixed.get() : target.plain.get();
  Post post;
  const DropReason reason = parser->Parse(input, 0, append_time_ms, &post);
  if (IsBeyondNaive(reason) || prefixed) {
    if (reason == DropReason::kNone) (void)Describe(Own(post));
    return;
  }
  NaivePost expected;
  const DropReason expected_reason = NaiveParse(input, target.spec, append_time_ms, &expected);
  if (expected_reason == DropReason::kNotJson || expected_reason == DropReason::kEmpty) {
    if (reason == DropReason::kNone) (void)Describe(Own(post));
    return;
  }
  CHECK_EQ(DropReasonName(reason), DropReasonName(expected_reason));
  if (reason == DropReason::kNone) CHECK_EQ(Describe(Own(post)), Describe(expected));
}

}  // namespace tocsin
