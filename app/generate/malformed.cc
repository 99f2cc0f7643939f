// Ways to spoil a record, so that it must be dropped for a known reason.
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "app/generate/network_posts.h"

namespace tocsin {
namespace {

constexpr size_t kDeeperThanAnyLimit = 2'000;

// What stands before the values that are required, in the order in which a preset looks for them.
struct RequiredKeys {
  std::array<std::string_view, 3> ids;
  std::array<std::string_view, 2> texts;
  std::array<std::string_view, 2> times;
};

RequiredKeys KeysOf(PostShape shape) {
  switch (shape) {
    case PostShape::kTwitterV1:
      return {{"\"id\":", "\"id_str\":", ""}, {"\"text\":", ""}, {"\"timestamp_ms\":", ""}};
    case PostShape::kTwitterV2:
      return {{"\"id\":", "", ""}, {"\"text\":", ""}, {"\"created_at\":", ""}};
    case PostShape::kBluesky:
      return {{"\"did\":", "\"rkey\":", ""}, {"\"text\":", ""}, {"\"time_us\":", "\"createdAt\":"}};
    case PostShape::kMastodon:
      return {{"\"id\":", "\"uri\":", ""}, {"\"content\":", ""}, {"\"created_at\":", ""}};
    case PostShape::kReddit:
      return {{"\"id\":", "\"name\":", ""}, {"\"body\":", "\"title\":"}, {"\"created_utc\":", ""}};
    case PostShape::kReview:
      return {{"\"review_id\":", "", ""}, {"\"text\":", ""}, {"\"date\":", ""}};
    case PostShape::kGeneric:
      return {{"\"id\":", "", ""}, {"\"text\":", ""}, {"\"time\":", ""}};
  }
  return {};
}

}  // namespace

void Malform(Malformation malformation, PostShape shape, RecordBuffer* out) {
  const RequiredKeys keys = KeysOf(shape);
  switch (malformation) {
    case Malformation::kNone:
      return;
    case Malformation::kTruncated:
      return out->CutInHalf();
    case Malformation::kInvalidUtf8:
      for (const std::string_view key : keys.texts) {
        if (!key.empty()) out->ReplaceAll(absl::StrCat(key, "\""), absl::StrCat(key, "\"\xC3\x28"));
      }
      return;
    case Malformation::kNoId:
      for (const std::string_view key : keys.ids) {
        if (!key.empty()) out->ReplaceAll(key, "\"was_id\":");
      }
      return;
    case Malformation::kTextIsNumber:
      for (const std::string_view key : keys.texts) {
        if (!key.empty()) out->ReplaceAll(key, absl::StrCat(key, "17,\"was\":"));
      }
      return;
    case Malformation::kAbsurdTime:
      for (const std::string_view key : keys.times) {
        if (!key.empty()) out->ReplaceAll(key, absl::StrCat(key, "86400,\"was\":"));
      }
      return;
    case Malformation::kNotJson:
      out->Clear();
      return out->Raw("<html>504 Gateway Time-out</html>");
    case Malformation::kTooDeep:
      out->DropLast();
      return out->Raw(absl::StrCat(",\"deep\":", std::string(kDeeperThanAnyLimit, '['),
                                   std::string(kDeeperThanAnyLimit, ']'), "}"));
  }
}

}  // namespace tocsin
