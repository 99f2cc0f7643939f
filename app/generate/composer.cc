#include "app/generate/composer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "app/generate/random.h"
#include "engine/base/time_units.h"

namespace tocsin {
namespace {

constexpr size_t kLooks = 4'096;
constexpr size_t kNewLooks = 64;

std::string Rfc3339(int64_t ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

std::string TwitterTime(int64_t ms) {
  return absl::FormatTime("%a %b %d %H:%M:%S +0000 %Y", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

// How a brand may be written, besides its name.
struct Forms {
  bool handle, hashtag;
};
Forms FormsOf(PostShape shape) {
  switch (shape) {
    case PostShape::kTwitterV1:
    case PostShape::kTwitterV2:
    case PostShape::kMastodon:
    case PostShape::kGeneric:
      return {true, true};
    case PostShape::kBluesky:  // handles are domains there
      return {false, true};
    case PostShape::kReddit:
    case PostShape::kReview:
      return {false, false};
  }
  return {true, true};
}

}  // namespace

Composer::Composer(const Scenario& scenario, std::shared_ptr<const LabelledTexts> texts)
    : scenario_(scenario), texts_(std::move(texts)) {
  for (const ScenarioBrand& brand : scenario.brands) {
    names_.push_back({brand.name, absl::StrCat("@", brand.handle), absl::StrCat("#", brand.handle)});
  }
  writing_.profile = TwitterProfile(scenario.post_bytes);
  MakeAccounts();
}

void Composer::MakeAccounts() {
  Random random(kLooks);
  for (size_t i = 0; i < kLooks; ++i) {
    // Followers: log-normal, as in the field; a few accounts reach many.
    const auto followers = static_cast<int64_t>(std::min(3e6, std::exp(5.0 + 2.0 * random.Normal())));
    const int64_t created = scenario_.start_ms - (200 + random.Below(4'000)) * kDayMs - random.Below(kDayMs);
    accounts_.push_back({followers, Rfc3339(created), TwitterTime(created)});
  }
  for (size_t i = 0; i < kNewLooks; ++i) {
    const int64_t created = scenario_.start_ms - (1 + random.Below(20)) * kDayMs - random.Below(kDayMs);
    new_accounts_.push_back({3, Rfc3339(created), TwitterTime(created)});
  }
}

PostLanguage Composer::PickLanguage(double place) const {
  size_t last = 0;
  for (size_t i = 0; i < kPostLanguages; ++i) {
    if (scenario_.languages[i] <= 0) continue;
    last = i;
    if (place < scenario_.languages[i]) break;
    place -= scenario_.languages[i];
  }
  return static_cast<PostLanguage>(last);
}

void Composer::ComposeText(const PlannedPost& planned, PostShape shape) {
  Random random(planned.text_seed + static_cast<uint64_t>(planned.brand + 1) * uint64_t{0x9E3779B97F4A7C15});
  post_.language = PickLanguage(random.Unit());
  post_.text.clear();
  post_.mention = {};
  if (planned.brand < 0) return texts_.AppendChatter(post_.language, &random, &post_.text);
  const Forms forms = FormsOf(shape);
  uint32_t form = random.Below(3);
  if ((form == 1 && !forms.handle) || (form == 2 && !forms.hashtag)) form = 0;
  const std::string& mention = names_[static_cast<size_t>(planned.brand)][form];
  if (form > 0) post_.mention = mention;
  texts_.AppendBrandText(post_.language, planned.mood, mention, &random, &post_.text);
  constexpr std::array<int32_t, kMoods> kStars = {1, 3, 4};
  post_.stars = kStars[static_cast<size_t>(planned.mood)] +
                (planned.mood == Mood::kNeutral ? 0 : static_cast<int32_t>(random.Below(2)));
}

std::string_view Composer::Compose(const PlannedPost& planned) {
  const PostShape shape = scenario_.streams[planned.stream].shape;
  ComposeText(planned, shape);
  const Account& account =
      planned.new_account ? new_accounts_[planned.author % kNewLooks] : accounts_[planned.author % kLooks];
  post_.number = planned.number;
  post_.root = planned.root;
  post_.event_time_ms = planned.event_ms;
  post_.author = planned.author;
  post_.followers = account.followers;
  post_.account_created = account.created;
  post_.account_created_twitter = account.created_twitter;
  writing_.out.Clear();
  WritePost(shape, post_, &writing_);
  if (planned.malformation != Malformation::kNone) Malform(planned.malformation, shape, &writing_.out);
  return writing_.out.view();
}

std::string_view Composer::Id(const PlannedPost& planned) {
  id_.Clear();
  AppendRecordId(scenario_.streams[planned.stream].shape, planned, &id_);
  return id_.view();
}

}  // namespace tocsin
