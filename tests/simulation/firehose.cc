#include "tests/simulation/firehose.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <random>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "operators/action/action.h"
#include "operators/signal/signal.h"

namespace tocsin::simulation {
namespace {

constexpr int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr int64_t kSpanMs = 40 * 60'000;
constexpr int64_t kCrisisStartMs = 22 * 60'000;
constexpr int64_t kClosingMs = 3 * 3'600'000;  // behind the start: later than every window that a post lies in

constexpr std::array<std::string_view, 5> kBrands = {"acme", "bolt", "cobalt", "delta", "ember"};
constexpr std::array<std::string_view, 3> kNegative = {"# is a disaster, I hate it and want my money back",
                                                       "worst service ever, shame on #",
                                                       "never again #, everything broken and nobody answers"};
constexpr std::array<std::string_view, 3> kOther = {"thanks # for the quick help, love it",
                                                    "the new # shop opens on Monday at nine",
                                                    "# announces results for the third quarter"};

// Copies of one text count once, so each needs words of its own.
constexpr std::array<std::string_view, 24> kWords = {"today",   "again",    "Monday", "parcel", "station", "morning",
                                                     "counter", "delivery", "branch", "email",  "invoice", "app",
                                                     "ticket",  "kitchen",  "garage", "queue",  "bridge",  "window",
                                                     "harbour", "village",  "summer", "hotel",  "printer", "bag"};

constexpr size_t kAuthors = 400;

struct Mention {
  size_t brand = 0;
  size_t author = 0;
  int64_t event_time_ms = 0;
};

class Maker {
 public:
  Maker(uint64_t seed, int posts) : random_(seed), posts_(posts) {}

  Firehose Make(const std::vector<int64_t>& window_sizes_ms) {
    for (int i = 0; i < posts_; ++i) AddPost(i);
    for (int32_t partition = 0; partition < kPartitions; ++partition) {
      const int64_t time_ms = kStartMs + kClosingMs;
      Add(time_ms, absl::StrCat(R"({"id":"closing-)", partition, R"(","time":)", time_ms, R"(,"text":"good night"})"));
      ++firehose_.unmatched;
    }
    CountWindows(window_sizes_ms);
    AddActions();
    return std::move(firehose_);
  }

 private:
  int64_t Below(int64_t bound) { return std::uniform_int_distribution<int64_t>(0, bound - 1)(random_); }
  template <typename List>
  std::string_view OneOf(const List& list) {
    return list[static_cast<size_t>(Below(static_cast<int64_t>(list.size())))];
  }
  bool Chance(int percent) { return Below(100) < percent; }

  void Add(int64_t time_ms, std::string value, bool is_dead = false) {
    firehose_.posts.push_back({time_ms, std::move(value), is_dead});
  }

  void AddPost(int number) {
    const int64_t crisis_share = 30;
    const bool is_crisis = Below(100) < crisis_share;
    const int64_t offset_ms = is_crisis ? kCrisisStartMs + Below(kSpanMs - kCrisisStartMs) : Below(kSpanMs);
    const int64_t time_ms = kStartMs + offset_ms;
    if (Chance(1)) {
      Add(time_ms, R"({"id":"broken","time":)", /*is_dead=*/true);
      ++firehose_.dead;
      return;
    }
    const std::string id = absl::StrCat("p", number);
    if (!is_crisis && Chance(30)) {
      Add(time_ms, Post(id, time_ms, absl::StrCat("author", Below(500)), "nothing of interest today"));
      ++firehose_.unmatched;
      return;
    }
    const size_t brand_index = is_crisis ? 0 : static_cast<size_t>(Below(kBrands.size()));
    const std::string brand(kBrands[brand_index]);
    if (!is_crisis && Chance(2)) {
      Add(time_ms, Post(id, time_ms, absl::StrCat(brand, "care"), absl::StrCat("here is ", brand, " support")));
      ++firehose_.official;
      return;
    }
    const bool is_negative = is_crisis || Chance(15);
    const auto& texts = is_negative ? kNegative : kOther;
    const auto author_index = static_cast<size_t>(Below(kAuthors));
    const std::string author = absl::StrCat("author", author_index);
    const std::string text =
        absl::StrCat(absl::StrReplaceAll(OneOf(texts), {{"#", brand}}), " ", OneOf(kWords), " ", OneOf(kWords));
    const std::string value = Post(id, time_ms, author, text);
    const int copies = Chance(3) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      Add(time_ms, value);
      ++firehose_.matched;
      ++firehose_.mentions;
    }
    mentions_.push_back({brand_index, author_index, time_ms});
  }

  static std::string Post(const std::string& id, int64_t time_ms, const std::string& author, const std::string& text) {
    return absl::StrCat(R"({"id":")", id, R"(","time":)", time_ms, R"(,"lang":"en","author":")", author,
                        R"(","author_id":")", author, R"(","text":")", text, R"("})");
  }

  static Action ActionAt(ActionKind kind, std::string_view brand, int64_t at_ms) {
    Action action;
    action.kind = kind;
    action.brand_id = brand;
    action.by = "anna";
    action.note = "of the simulation";
    action.at_ms = at_ms;
    if (kind == ActionKind::kSilence) action.for_ms = 300'000;
    if (kind == ActionKind::kDrill) action.for_ms = 600'000, action.level = 3;
    return action;
  }

  void AddAction(const Action& action, FirehoseAction::Fate fate) {
    const bool drill = fate == FirehoseAction::Fate::kDrill;
    firehose_.actions.push_back({action.at_ms, RenderAction(action), fate,
                                 drill ? absl::StrCat("drill-", IncidentId(action.brand_id, action.at_ms)) : ""});
  }

  // Of each kind some; in no order of time.
  void AddActions() {
    using Fate = FirehoseAction::Fate;
    const auto at = [this] { return kStartMs + kCrisisStartMs + Below(kSpanMs - kCrisisStartMs); };
    for (const std::string_view brand : {kBrands[1], kBrands[3]}) {
      AddAction(ActionAt(ActionKind::kDrill, brand, kStartMs + Below(kSpanMs)), Fate::kDrill);
    }
    for (const ActionKind kind : {ActionKind::kAcknowledge, ActionKind::kSilence, ActionKind::kNote,
                                  ActionKind::kAcknowledge, ActionKind::kNote, ActionKind::kNote}) {
      AddAction(ActionAt(kind, kBrands[0], at()), Fate::kAsItComes);
    }
    if (Chance(50)) {
      const ActionKind kind = Chance(50) ? ActionKind::kClose : ActionKind::kFalseAlarm;
      AddAction(ActionAt(kind, kBrands[0], at()), Fate::kAsItComes);
    }
    Action unknown = ActionAt(ActionKind::kClose, kBrands[2], at());
    unknown.incident_id = "cobalt-20200101T000000Z";
    AddAction(unknown, Fate::kRefused);
    AddAction(ActionAt(ActionKind::kNote, "nobody", at()), Fate::kUnusable);
    firehose_.actions.push_back({at(), R"({"action":"ack","brand_id":)", Fate::kUnusable, ""});
    std::shuffle(firehose_.actions.begin(), firehose_.actions.end(), random_);
  }

  // Straight from the definition: a window holds the mentions in [end - size, end).
  void CountWindows(const std::vector<int64_t>& sizes_ms) {
    struct Tally {
      int64_t mentions = 0;
      std::bitset<kAuthors> authors;
    };
    for (const int64_t size_ms : sizes_ms) {
      const auto ends = static_cast<size_t>((kSpanMs + size_ms) / kMetricsEveryMs + 2);
      std::vector<Tally> tallies(kBrands.size() * ends);
      for (const Mention& mention : mentions_) {
        const int64_t since_ms = mention.event_time_ms - kStartMs;
        const int64_t first = since_ms / kMetricsEveryMs + 1;
        for (int64_t end = first; end * kMetricsEveryMs - size_ms <= since_ms; ++end) {
          Tally& tally = tallies[mention.brand * ends + static_cast<size_t>(end)];
          ++tally.mentions;
          tally.authors.set(mention.author);
        }
      }
      for (size_t i = 0; i < tallies.size(); ++i) {
        if (tallies[i].mentions == 0) continue;
        const int64_t end_ms = kStartMs + static_cast<int64_t>(i % ends) * kMetricsEveryMs;
        firehose_.windows[{std::string(kBrands[i / ends]), size_ms, end_ms}] = {
            tallies[i].mentions, static_cast<int64_t>(tallies[i].authors.count())};
      }
    }
  }

  std::mt19937_64 random_;
  const int posts_;
  std::vector<Mention> mentions_;
  Firehose firehose_;
};

}  // namespace

std::string_view WatchlistYaml() {
  return R"(brands:
  - {id: acme, name: Acme, query: acme, sector: tools, official_accounts: [acmecare], route: oncall}
  - {id: bolt, name: Bolt, query: bolt, sector: tools, official_accounts: [boltcare],
     thresholds: {false_alarms: 50, negative_authors: 5, confirmed_authors: 12}, crisis_history: [2020-02-29]}
  - {id: cobalt, name: Cobalt, query: cobalt, sector: tools, official_accounts: [cobaltcare]}
  - {id: delta, name: Delta, query: delta, official_accounts: [deltacare]}
  - {id: ember, name: Ember, query: ember, official_accounts: [embercare]}
routes: {oncall: {owner: comms, escalate_after: 2m, next: head-of-comms}}
)";
}

Firehose MakeFirehose(uint64_t seed, int posts, const std::vector<int64_t>& window_sizes_ms) {
  return Maker(seed, posts).Make(window_sizes_ms);
}

std::vector<Arrival> Arrange(const Firehose& firehose, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&random](int64_t bound) { return std::uniform_int_distribution<int64_t>(0, bound - 1)(random); };
  std::vector<std::pair<int64_t, Arrival>> drafts;
  const size_t closing = firehose.posts.size() - kPartitions;
  for (size_t i = 0; i < closing; ++i) {
    // The disorder is less than the bound by the slack that two posts with the same key need.
    const int64_t arrival_ms = firehose.posts[i].event_time_ms + below(kDisorderMs - 1);
    // Uneven: 40, 30, 20 and 10 of a hundred.
    const int64_t draw = below(10);
    const int32_t partition = draw < 4 ? 0 : draw < 7 ? 1 : draw < 9 ? 2 : 3;
    drafts.push_back({arrival_ms, {partition, static_cast<uint32_t>(i)}});
  }
  // Each partition's arrival is a shuffle within the bound; partitions are then drawn side by side.
  std::sort(drafts.begin(), drafts.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.post) < std::tie(b.first, b.second.post);
  });
  std::vector<Arrival> arrivals;
  arrivals.reserve(firehose.posts.size());
  for (const auto& [arrival_ms, arrival] : drafts) arrivals.push_back(arrival);
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    arrivals.push_back({partition, static_cast<uint32_t>(closing + static_cast<size_t>(partition))});
  }
  return arrivals;
}

}  // namespace tocsin::simulation
