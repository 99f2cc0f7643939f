#include "tests/operators/task/post_stream.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/hash.h"

namespace tocsin {
namespace {

std::string BrandId(size_t number) { return absl::StrFormat("brand-%02d", number); }

double Share(std::mt19937_64& random) { return static_cast<double>(random() % 1'000'000) / 1e6; }

// A post within its source partition.
struct Placed {
  const StreamPost* post = nullptr;
  int64_t arrival_ms = 0;
};

struct Partition {
  std::vector<Placed> posts;  // by arrival
  size_t next = 0;
  int64_t highest_ms = kUnknownTime;
};

SourceRange RangeOf(int32_t number) {
  SourceRange range;
  range.topic = "posts";
  range.partition = number;
  range.from = range.to = -1;
  range.out_of_orderness_ms = kStreamBoundMs;
  range.max_drag_ms = 60'000;
  return range;
}

class Cutter {
 public:
  Cutter(const std::vector<StreamPost>& posts, const CutOptions& options) : options_(options), random_(options.seed) {
    partitions_.resize(static_cast<size_t>(options.partitions));
    for (const StreamPost& post : posts) {
      Partition& partition = partitions_[random_() % partitions_.size()];
      partition.posts.push_back({&post, post.mention.event_time_ms + static_cast<int64_t>(random_() % kStreamBoundMs)});
    }
    for (Partition& partition : partitions_) {
      std::sort(partition.posts.begin(), partition.posts.end(),
                [](const Placed& a, const Placed& b) { return a.arrival_ms < b.arrival_ms; });
    }
  }

  std::vector<std::string> Cut() {
    std::vector<int64_t> now(static_cast<size_t>(options_.workers), kStreamStartMs);
    bool more = true;
    while (more) {
      const size_t worker = random_() % now.size();
      now[worker] += static_cast<int64_t>(random_() % static_cast<uint64_t>(2 * options_.flush_ms)) + 1;
      // No worker runs more than a minute ahead of the others.
      now[worker] = std::min(now[worker], *std::min_element(now.begin(), now.end()) + 60'000);
      Flush(static_cast<int32_t>(worker), now[worker]);
      more = std::any_of(partitions_.begin(), partitions_.end(),
                         [](const Partition& partition) { return partition.next < partition.posts.size(); });
    }
    return std::move(records_);
  }

 private:
  void Flush(int32_t worker, int64_t until_ms) {
    builder_.Clear();
    std::vector<SourceRange> ranges;
    for (int32_t number = 0; number < options_.partitions; ++number) {
      SourceRange& range = ranges.emplace_back(RangeOf(number));
      if (number % options_.workers != worker) continue;
      Partition& partition = partitions_[static_cast<size_t>(number)];
      range.from = static_cast<Offset>(partition.next);
      for (; partition.next < partition.posts.size() && partition.posts[partition.next].arrival_ms < until_ms;
           ++partition.next) {
        const StreamPost& post = *partition.posts[partition.next].post;
        AddRows(post, number, static_cast<Offset>(partition.next));
        partition.highest_ms = std::max(partition.highest_ms, post.mention.event_time_ms);
      }
      range.to = static_cast<Offset>(partition.next);
      range.highest_event_time_ms = partition.highest_ms;
    }
    int64_t highest_ms = kUnknownTime;
    for (const SourceRange& range : ranges) {
      if (range.accounts()) highest_ms = std::max(highest_ms, range.highest_event_time_ms);
    }
    const uint64_t version = options_.version_at ? options_.version_at(highest_ms) : 7;
    std::vector<std::string> parts;
    builder_.Encode(version, ranges, options_.max_part_bytes, &parts);
    for (std::string& part : parts) records_.push_back(std::move(part));
  }

  void AddRows(const StreamPost& post, int32_t source, Offset offset) {
    for (const std::string& brand : post.brands) {
      Mention mention = post.mention;
      mention.brand = brand_numbers_.try_emplace(brand, static_cast<uint32_t>(brand_numbers_.size())).first->second;
      mention.source = source;
      mention.offset = offset;
      Sample sample;
      sample.post_id = post.id;
      sample.author_handle = "someone";
      sample.text = "a text";
      builder_.Add(mention, brand, &sample);
    }
  }

  const CutOptions options_;
  std::mt19937_64 random_;
  std::map<std::string, uint32_t> brand_numbers_;
  std::vector<Partition> partitions_;
  BlockBuilder builder_;
  std::vector<std::string> records_;
};

}  // namespace

std::shared_ptr<const Watchlist> MakeWatchlist(size_t brands) {
  std::string yaml = "brands:\n";
  for (size_t i = 0; i < brands; ++i) {
    absl::StrAppend(&yaml, "  - id: ", BrandId(i), "\n    name: Brand ", i, "\n    query: '\"word", i, " phrase\"'\n");
  }
  absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
  CHECK_OK(watchlist.status());
  return *watchlist;
}

std::vector<StreamPost> MakePosts(const StreamOptions& options) {
  std::mt19937_64 random(options.seed);
  std::vector<StreamPost> posts;
  const int64_t third = options.duration_ms / 3;
  const auto lull = static_cast<int64_t>(options.lull * static_cast<double>(options.duration_ms));
  for (int64_t i = 0; i < options.posts; ++i) {
    StreamPost post;
    const bool crisis = options.crisis && i % 3 == 0;
    int64_t time = static_cast<int64_t>(random() % static_cast<uint64_t>(options.duration_ms));
    if (crisis) time = third + time / 12;
    if (!crisis && time > options.duration_ms - lull) time -= lull;
    post.id = absl::StrCat("post-", options.seed, "-", i);
    Mention& mention = post.mention;
    mention.event_time_ms = kStreamStartMs + time;
    mention.post_hash = Hash64(post.id);
    mention.author_hash = crisis ? random() : random() % 200;
    mention.text_hash = crisis ? random() : random() % 100;
    mention.sentiment = static_cast<SentimentClass>(random() % 4);
    mention.kind = static_cast<PostKind>(random() % 4);
    if (crisis && random() % 4 != 0) mention.sentiment = SentimentClass::kNegative;
    mention.network = random() % 5 == 0 ? Network::kReddit : Network::kTwitter;
    mention.language = 0x656e;
    mention.reach = static_cast<uint32_t>(random() % 2'000);
    if (random() % 50 == 0) mention.reach = 100'000 + static_cast<uint32_t>(random() % 3);
    post.brands.push_back(BrandId(crisis ? 0 : random() % options.brands));
    if (random() % 10 == 0) post.brands.push_back(BrandId((options.brands - 1)));
    if (post.brands.size() == 2 && post.brands[0] == post.brands[1]) post.brands.pop_back();
    posts.push_back(post);
    if (Share(random) >= options.duplicates) continue;
    if (Share(random) < options.other_time) post.mention.event_time_ms += static_cast<int64_t>(random() % 30'000);
    posts.push_back(post);
  }
  return posts;
}

std::vector<std::string> CutIntoBlocks(const std::vector<StreamPost>& posts, const CutOptions& options) {
  return Cutter(posts, options).Cut();
}

}  // namespace tocsin
