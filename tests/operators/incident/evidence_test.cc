#include "operators/incident/evidence.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/incident/type_evidence.h"
#include "operators/mention/crisis_type.h"
#include "operators/mention/mention.h"
#include "tests/rounds.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kSlideMs = 5'000;
constexpr int64_t kEndMs = 1'600'000'000'000;

// Texts by post.
class Texts final : public EvidenceSource {
 public:
  void Put(const HeldMention& row, std::string text) { texts_[row.post_hash] = std::move(text); }
  std::optional<Sample> FindSample(const HeldMention& row) const override {
    asked.insert(row.post_hash);
    const auto text = texts_.find(row.post_hash);
    if (text == texts_.end()) return std::nullopt;
    Sample sample;
    sample.text = text->second;
    return sample;
  }
  const TopicPartition& Source(int16_t /*index*/) const override { return source_; }
  SectorCourse Sector(const Brand& /*brand*/, int64_t /*from_ms*/, int64_t /*end_ms*/) override { return {}; }
  std::string_view OwnType(size_t number, int64_t event_time_ms) const override {
    const std::vector<std::string>& names = event_time_ms < changed_ms ? names_before : names_since;
    return number < names.size() ? names[number] : std::string_view();
  }
  // Types of the watchlist's own, which changed once.
  int64_t changed_ms = 0;
  std::vector<std::string> names_before;
  std::vector<std::string> names_since;
  mutable std::set<uint64_t> asked;

 private:
  std::map<uint64_t, std::string> texts_;
  TopicPartition source_{"posts", 0};
};

class EvidenceTest : public testing::Test {
 protected:
  // A row `seconds` before the end; hash and author are its number.
  HeldMention Row(int64_t seconds) {
    const uint64_t number = ++rows_;
    return {.event_time_ms = kEndMs - seconds * 1'000,
            .post_hash = number,
            .author_hash = number,
            .text_hash = number,
            .sentiment = SentimentClass::kNegative};
  }
  HeldMention Row(std::string_view language, uint32_t terms) {
    HeldMention row = Row(30);
    row.language = static_cast<uint16_t>(language[0] << 8 | language[1]);
    row.terms = terms;
    return row;
  }
  BrandWindows Windows(const std::vector<HeldMention>& rows) {
    BrandWindows windows(&options_);
    for (const HeldMention& row : rows) windows.Add(row);
    windows.AdvanceTo(kEndMs);
    return windows;
  }
  Signal Evidence(const std::vector<HeldMention>& rows, int64_t from_ms = kEndMs - 600'000) {
    const BrandWindows windows = Windows(rows);
    Signal signal;
    signal.brand_name = "Acme";
    FillEvidence(windows, from_ms, kSlideMs, evidence_, &signal);
    FillType(windows, from_ms, evidence_, &signal);
    return signal;
  }
  Texts evidence_;

 private:
  const WindowOptions options_{};
  uint64_t rows_ = 0;
};

TEST_F(EvidenceTest, WordingIsOfNegativeOriginalsAndOfLanguagesThatHaveTheWords) {
  std::vector<HeldMention> rows = {Row("en", kAngerTerm | kFirstPersonTerm), Row("en", kResponsibilityTerm),
                                   Row("fr", kCallToAction), Row("sv", kAngerTerm)};
  rows.push_back(Row("en", kAngerTerm));
  rows.back().kind = PostKind::kRepost;
  rows.push_back(Row("en", kAngerTerm | kResponsibilityTerm | kCallToAction | kFirstPersonTerm));
  rows.back().sentiment = SentimentClass::kPositive;
  const Signal::Wording wording = Evidence(rows).wording;
  EXPECT_EQ(wording.posts, 4);
  EXPECT_EQ(wording.anger_share, 0.5);
  EXPECT_EQ(wording.responsibility_share, 0.25);
  EXPECT_EQ(wording.call_to_action_share, 0.25);
  EXPECT_EQ(wording.first_person_share, 1.0 / 3) << "Swedish has no words for it here";
}

TEST_F(EvidenceTest, WordingOfNothingIsUnknown) {
  EXPECT_EQ(Evidence({Row("sv", 0)}).wording.first_person_share, std::nullopt);
  HeldMention praise = Row("en", kAngerTerm);
  praise.sentiment = SentimentClass::kPositive;
  EXPECT_EQ(Evidence({praise}).wording, Signal::Wording());
}

TEST_F(EvidenceTest, TheTypeNeedsFivePostsAndAShare) {
  std::vector<HeldMention> rows = {Row("en", kBreachTerm), Row("en", kBreachTerm), Row("en", kBreachTerm),
                                   Row("en", kBreachTerm)};
  EXPECT_EQ(Evidence(rows).type.name, "unknown");
  rows.push_back(Row("en", kBreachTerm | kAngerTerm));
  EXPECT_EQ(Evidence(rows).type.name, "data_breach");
  EXPECT_THAT(Evidence(rows).type.terms, ElementsAre("breach"));
  for (int i = 0; i < 29; ++i) rows.push_back(Row("en", 0));
  EXPECT_EQ(Evidence(rows).type.name, "unknown") << "5 of 34 are below 15 %";
}

TEST_F(EvidenceTest, EachBuiltInClassTellsItsType) {
  for (const TermClass& each : kTermClasses) {
    const Signal::Type type = Evidence(std::vector<HeldMention>(5, Row("en", each.term | kFirstPersonTerm))).type;
    EXPECT_EQ(type.name, each.type.empty() ? kUnknownType : each.type);
    EXPECT_EQ(type.confidence, each.type.empty() ? 0 : 1);
    EXPECT_THAT(type.terms, ElementsAre(each.name));
  }
}

TEST_F(EvidenceTest, ATypeOfOnesOwnGoesBeforeABuiltInOneWithAsManyPosts) {
  evidence_.names_since = {"strike", "walkout"};
  constexpr uint32_t kStrike = uint32_t{1} << kOwnTypeShift;
  std::vector<HeldMention> rows;
  rows.reserve(6);
  for (int i = 0; i < 6; ++i) rows.push_back(Row("en", kServiceTerm | kStrike | kStrike << 1 | kStrike << 5));
  EXPECT_EQ(Evidence(rows).type.name, "strike");
  EXPECT_EQ(Evidence(rows).type.confidence, 1);
  EXPECT_THAT(Evidence(rows).type.terms, ElementsAre("service", "strike", "walkout")) << "nobody has named the sixth";
  rows.push_back(Row("en", kStrike << 1));
  EXPECT_EQ(Evidence(rows).type.name, "walkout");
  rows.push_back(Row("en", kServiceTerm));
  rows.push_back(Row("en", kServiceTerm));
  EXPECT_EQ(Evidence(rows).type.name, "service_failure");
  for (HeldMention& row : rows) row.sentiment = SentimentClass::kPositive;
  EXPECT_EQ(Evidence(rows).type, Signal::Type());
}

// Goal: a changed watchlist, which gives the bits anew, makes no post say what it did not say.
TEST_F(EvidenceTest, ABitMeansWhatTheWatchlistOfItsOwnTimeSays) {
  evidence_.changed_ms = kEndMs - 60'000;
  evidence_.names_before = {"strike"};
  evidence_.names_since = {"fees", "strike"};
  constexpr uint32_t kFirst = uint32_t{1} << kOwnTypeShift;
  std::vector<HeldMention> rows;
  for (int i = 0; i < 3; ++i) {
    rows.push_back(Row(90));
    rows.back().terms = kFirst;
    rows.push_back(Row(30));
    rows.back().terms = kFirst << 1;
  }
  rows.push_back(Row(30));
  rows.back().terms = kFirst;
  const Signal::Type type = Evidence(rows).type;
  EXPECT_EQ(type.name, "strike");
  EXPECT_EQ(type.confidence, 6.0 / 7);
  EXPECT_THAT(type.terms, ElementsAre("strike"));
}

TEST_F(EvidenceTest, TopTermsAreWhatTheCrisisSpeaksOfOverTheUsual) {
  std::vector<HeldMention> rows;
  const auto add = [&](int64_t seconds, SentimentClass sentiment, std::string text, uint64_t text_hash = 0) {
    rows.push_back(Row(seconds));
    rows.back().sentiment = sentiment;
    evidence_.Put(rows.back(), std::move(text));
    if (text_hash != 0) rows.back().text_hash = text_hash;
  };
  for (int i = 0; i < 200; ++i) {
    add(700 + i * 14 + i / 2, i % 4 == 0 ? SentimentClass::kNegative : SentimentClass::kNeutral,
        "Acme flight to Paris");
  }
  for (int i = 0; i < 60; ++i) add(1 + i * 2, SentimentClass::kNegative, "Acme flight: no refund");
  for (int i = 0; i < 20; ++i) add(2 + i * 6, SentimentClass::kNegative, "Acme copied words", 1 << 20);
  const std::vector<CountedName> terms = Evidence(rows).evidence.top_terms;
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0], (CountedName{"refund", 60})) << "the copied text counts once, and what is usual does not";
  EXPECT_THAT(Evidence(rows, kEndMs).evidence.top_terms, ElementsAre());
}

TEST_F(EvidenceTest, NearDuplicatesAreNegativeOriginalsWithATextThatTravelled) {
  EXPECT_EQ(Evidence({Row(30)}).coordination.near_duplicate_share, std::nullopt) << "no text, nothing known";
  const std::string text = "They lost my bag and nobody at the desk of Acme will say where it is ";
  std::vector<HeldMention> rows;
  for (int i = 0; i < 10; ++i) {
    rows.push_back(Row(5 + i * 20));
    evidence_.Put(rows.back(), text + std::to_string(i));
  }
  for (int i = 0; i < 10; ++i) {
    rows.push_back(Row(12 + i * 20));
    evidence_.Put(rows.back(), text);
    if (i % 2 == 0) rows.back().sentiment = SentimentClass::kPositive;
    if (i % 2 == 1) rows.back().kind = PostKind::kRepost;
  }
  for (int i = 0; i < 5; ++i) rows.push_back(Row(17 + i * 20));
  EXPECT_EQ(Evidence(rows).coordination.near_duplicate_share, 0.9);
  EXPECT_EQ(Evidence(rows).coordination.duplicate_text_share, 0.0) << "each has a hash of its own";
}

// All that no order and no sample bears on, from the rows one by one.
struct Naive {
  Signal::Volume volume;
  Signal::Wording wording;
  std::array<int64_t, 4> classes = {};
  std::set<uint64_t> authors, negative_authors, texts;
  int64_t new_accounts = 0, anger = 0, blame = 0, action = 0, spoken = 0, first_person = 0;

  void Add(const HeldMention& row) {
    ++volume.mentions;
    volume.reach += row.reach;
    authors.insert(row.author_hash);
    ++classes[static_cast<size_t>(row.sentiment)];
    new_accounts += (row.flags & kNewAccount) != 0 ? 1 : 0;
    if (row.kind == PostKind::kRepost) {
      ++volume.reposts;
      return;
    }
    ++volume.originals;
    texts.insert(row.text_hash);
    if (row.sentiment != SentimentClass::kNegative) return;
    negative_authors.insert(row.author_hash);
    ++wording.posts;
    anger += (row.terms & kAngerTerm) != 0 ? 1 : 0;
    blame += (row.terms & kResponsibilityTerm) != 0 ? 1 : 0;
    action += (row.terms & kCallToAction) != 0 ? 1 : 0;
    static const std::set<std::string> kWithWords = {"en", "fr", "it", "de", "es", "pt"};
    if (!kWithWords.contains(LanguageName(row.language))) return;
    ++spoken;
    first_person += (row.terms & kFirstPersonTerm) != 0 ? 1 : 0;
  }
};

TEST_F(EvidenceTest, EqualsANaiveCountOverRandomRows) {
  std::mt19937_64 random(11);
  const std::vector<std::string> languages = {"en", "fr", "it", "de", "es", "pt", "sv", "ja"};
  for (int round = 0; round < Rounds(300, 60); ++round) {
    std::vector<HeldMention> rows;
    Naive naive;
    const int64_t from_s = static_cast<int64_t>(random() % 120 + 1) * 5;
    for (uint64_t i = random() % 200; i > 0; --i) {
      HeldMention row = Row(languages[random() % languages.size()], static_cast<uint32_t>(random() & 0xFF));
      row.event_time_ms = kEndMs - static_cast<int64_t>(random() % 600'000) - 1;
      row.author_hash = random() % 50;
      row.text_hash = random() % 30;
      row.reach = static_cast<uint32_t>(random() % 200'000);
      row.sentiment = static_cast<SentimentClass>(random() % 4);
      row.kind = static_cast<PostKind>(random() % 4);
      row.flags = static_cast<uint8_t>(random() % 2 * kNewAccount);
      rows.push_back(row);
      if (row.event_time_ms >= kEndMs - from_s * 1'000) naive.Add(row);
    }
    const Signal signal = Evidence(rows, kEndMs - from_s * 1'000);
    naive.volume.unique_authors = static_cast<int64_t>(naive.authors.size());
    naive.volume.negative_authors = static_cast<int64_t>(naive.negative_authors.size());
    EXPECT_EQ(signal.volume, naive.volume);
    const auto share = [](int64_t part, int64_t whole) {
      return whole == 0 ? std::nullopt : std::optional(static_cast<double>(part) / static_cast<double>(whole));
    };
    naive.wording.anger_share = share(naive.anger, naive.wording.posts);
    naive.wording.responsibility_share = share(naive.blame, naive.wording.posts);
    naive.wording.call_to_action_share = share(naive.action, naive.wording.posts);
    naive.wording.first_person_share = share(naive.first_person, naive.spoken);
    EXPECT_EQ(signal.wording, naive.wording);
    const auto count = [&naive](SentimentClass label) { return naive.classes[static_cast<size_t>(label)]; };
    EXPECT_EQ(signal.sentiment.negative, count(SentimentClass::kNegative));
    EXPECT_EQ(signal.sentiment.neutral, count(SentimentClass::kNeutral));
    EXPECT_EQ(signal.sentiment.positive, count(SentimentClass::kPositive));
    EXPECT_EQ(signal.sentiment.unclassified, count(SentimentClass::kUnclassified));
    EXPECT_EQ(signal.coordination.new_account_share, share(naive.new_accounts, naive.volume.mentions));
    EXPECT_EQ(signal.coordination.duplicate_text_share,
              share(naive.volume.originals - static_cast<int64_t>(naive.texts.size()), naive.volume.originals));
  }
}

// Posts of the rows whose texts are kept when windows end at kEndMs, each place sought on its own: of slides in the
// last two minutes and of half minutes before.
std::set<uint64_t> Kept(const std::vector<HeldMention>& rows) {
  struct Group {
    std::set<uint64_t> any, negative;
    std::set<std::pair<int64_t, uint64_t>> first, furthest;
  };
  std::map<std::pair<int64_t, int64_t>, Group> groups;
  constexpr int64_t kJoinedMs = (kEndMs - 120'000) / 30'000 * 30'000;
  for (const HeldMention& row : rows) {
    const int64_t size_ms = row.event_time_ms < kJoinedMs ? 30'000 : kSlideMs;
    Group& group = groups[{size_ms, row.event_time_ms / size_ms}];
    group.any.insert(row.post_hash);
    if (row.reach >= 100'000) group.furthest.insert({-int64_t{row.reach}, row.post_hash});
    if (row.sentiment != SentimentClass::kNegative || row.kind == PostKind::kRepost) continue;
    group.negative.insert(row.post_hash);
    group.first.insert({row.event_time_ms, row.post_hash});
  }
  std::set<uint64_t> kept;
  for (const auto& [key, group] : groups) {
    const auto take = [&kept](const std::set<uint64_t>& from, size_t count) {
      for (auto post = from.begin(); post != from.end() && count > 0; ++post, --count) kept.insert(*post);
    };
    take(group.any, 2);
    take(group.negative, 3);
    if (!group.first.empty()) kept.insert(group.first.begin()->second);
    if (!group.furthest.empty()) kept.insert(group.furthest.begin()->second);
  }
  return kept;
}

// Goal: a signal never shows a text only because the store has not let it go yet.
TEST_F(EvidenceTest, AsksOnlyForTextsThatAreSureToBeKept) {
  std::mt19937_64 random(12);
  size_t asked = 0;
  for (int round = 0; round < Rounds(300, 60); ++round) {
    // Rows that are older than the windows hold are added before these end, and dropped then.
    const int64_t span_ms = round % 2 == 0 ? 600'000 : 3'700'000;
    std::vector<HeldMention> rows;
    for (uint64_t i = random() % 2'000; i > 0; --i) {
      HeldMention& row = rows.emplace_back(Row(0));
      row.post_hash = random();
      row.event_time_ms = kEndMs - static_cast<int64_t>(random() % static_cast<uint64_t>(span_ms)) - 1;
      row.reach = static_cast<uint32_t>(99'990 + random() % 20);
      row.sentiment = static_cast<SentimentClass>(random() % 4);
      row.kind = static_cast<PostKind>(random() % 4);
    }
    const std::set<uint64_t> kept = Kept(rows);
    evidence_.asked.clear();
    const int64_t from_ms = kEndMs - static_cast<int64_t>(random() % 720 + 1) * kSlideMs;
    Evidence(rows, from_ms);
    const BrandWindows windows = Windows(rows);
    Incident incident;
    FindFirstPosts(windows, from_ms, kSlideMs, evidence_, &incident);
    for (const uint64_t post : evidence_.asked) ASSERT_TRUE(kept.contains(post)) << "round " << round;
    asked += evidence_.asked.size();
  }
  EXPECT_GT(asked, 10'000U);
}

TEST_F(EvidenceTest, TheFirstPostsAreTheFirstSinceTheOnsetAndHaveTheirTextsIfKept) {
  std::mt19937_64 random(13);
  int with_text = 0;
  int without = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<HeldMention> rows;
    for (int i = 0; i < 3'000; ++i) {
      HeldMention& row = rows.emplace_back(Row(0));
      row.post_hash = random();
      row.event_time_ms = kEndMs - static_cast<int64_t>(random() % 3'700'000) - 1;
      row.reach = static_cast<uint32_t>(99'980 + random() % 21);
      row.sentiment = static_cast<SentimentClass>(random() % 4);
      row.kind = static_cast<PostKind>(random() % 4);
      evidence_.Put(row, "text");
    }
    const int64_t onset_ms = kEndMs - static_cast<int64_t>(random() % 720 + 1) * kSlideMs;
    const auto before = [](const HeldMention& a, const HeldMention& b) { return a.event_time_ms < b.event_time_ms; };
    std::vector<HeldMention> negatives;
    std::vector<HeldMention> reaches;
    for (const HeldMention& row : rows) {
      if (row.event_time_ms < onset_ms) continue;
      if (row.reach >= 100'000) reaches.push_back(row);
      if (row.sentiment == SentimentClass::kNegative && row.kind != PostKind::kRepost) negatives.push_back(row);
    }
    Incident incident;
    FindFirstPosts(Windows(rows), onset_ms, kSlideMs, evidence_, &incident);
    const std::set<uint64_t> kept = Kept(rows);
    const auto expect = [&](const std::optional<SignalPost>& found, const std::vector<HeldMention>& all) {
      ASSERT_EQ(found.has_value(), !all.empty());
      if (all.empty()) return;
      EXPECT_EQ(found->post_hash, std::min_element(all.begin(), all.end(), before)->post_hash) << "round " << round;
      // A group that the windows hold in part has no winners.
      const bool is_whole = found->event_time_ms >= kEndMs - 3'600'000 + 30'000;
      if (is_whole || !found->text.empty()) {
        EXPECT_EQ(!found->text.empty(), kept.contains(found->post_hash)) << "round " << round;
      }
      ++(found->text.empty() ? without : with_text);
    };
    expect(incident.first_post, negatives);
    expect(incident.first_high_reach_post, reaches);
  }
  EXPECT_GT(with_text, 200);
  EXPECT_GT(without, 0);
}

}  // namespace
}  // namespace tocsin
