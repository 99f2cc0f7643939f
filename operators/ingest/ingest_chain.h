// From the bytes of a record to mention rows: parse, match, classify, choose samples.
//
// Everything that costs per post happens here. The chain holds the rows of one flush, in one buffer per mentions
// partition (row_buffer.h says which take their text along), and nothing beyond it, so a worker that loses its
// partitions just clears it.
//
// Not thread-safe: one worker owns a chain.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/base/hash.h"
#include "operators/action/action.h"
#include "operators/block/block.h"
#include "operators/ingest/brand_sentiment.h"
#include "operators/ingest/row_buffer.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist_versions.h"
#include "operators/mention/mention.h"
#include "operators/parse/post_parser.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {

// How much of a post's text may leave ingest.
enum class TextPolicy : uint8_t { kFull, kMasked, kNone };  // kMasked: handles, URLs and digits are blanked out

struct IngestOptions {
  uint32_t mentions_partitions = 16;
  int64_t slide_ms = 5'000;
  uint64_t author_key = kHashSeed;  // seed of the author hashes, from privacy.key_file
  TextPolicy texts = TextPolicy::kFull;
};

class IngestChain {
 public:
  enum class Outcome : uint8_t { kMatched, kUnmatched, kOfficial, kDead };

  struct Result {
    Outcome outcome = Outcome::kUnmatched;
    DropReason reason = DropReason::kNone;  // of kDead
    int64_t event_time_ms = kUnknownTime;   // of kDead, and of what is no post and has no time, unknown
    int64_t classified = 0;                 // rows added
  };

  // `model` must outlive the chain.
  IngestChain(const IngestOptions& options, std::shared_ptr<WatchlistVersions> versions, const SentimentModel* model);

  // Takes over what is known of the versions by now. Cheap when nothing is new.
  void RefreshVersions();
  const WatchlistTimeline& timeline() const { return *timeline_; }

  // Parses with `parser` (the source's) and adds the rows. `source` is the index of the source range that the block
  // will carry.
  // The post is matched under the version that counts at its event time. If that can't be loaded, status() says so from
  // then on, and what the chain holds is of no use.
  Result Process(PostParser& parser, const Record& record, size_t readable_padding, int32_t source);
  const absl::Status& status() const { return status_; }

  // Takes in a record of the actions topic, for the partition of its brand. `*at_ms` becomes the action's time, unknown
  // if it is refused; `*field` as of ParseAction.
  ActionError ProcessAction(const Record& record, int32_t source, int64_t* at_ms, std::string_view* field);
  size_t action_bytes() const { return action_bytes_; }  // of those held

  // Moves rows, samples and actions for mentions partition `partition`, since the last Clear, to `*builder` (cleared
  // first), and frees their memory. The counts below stay until Clear, which must come before the next Process.
  void Build(uint32_t partition, BlockBuilder* builder);

  // Approximate bytes held, texts that travel no more among them: the flush is due when this nears the bound.
  size_t size_bytes() const { return bytes_; }
  size_t mention_count() const { return mention_count_; }
  size_t action_count() const { return action_count_; }
  void Clear();

 private:
  // A version that rows are held of, or were just now. Its brands are numbered from `first_brand` on.
  struct HeldVersion {
    uint64_t id = 0;
    std::shared_ptr<const Watchlist> watchlist;
    uint32_t first_brand = 0;
  };
  struct NumberedBrand {
    const Brand* brand = nullptr;
    uint32_t partition = 0;   // of mentions
    uint32_t row_number = 0;  // the least number with the same id, by which rows name the brand
  };
  struct HeldAction {
    BlockAction action;  // brand by number; text is beside it
    std::string text;
  };
  struct Buffer {
    Buffer(int64_t slide_ms, ChunkPool* pool) : rows(slide_ms, pool) {}

    RowBuffer rows;
    std::vector<HeldAction> actions;
  };

  const NumberedBrand& BrandOf(const HeldVersion& version, const BrandMatch& match) const {
    return brands_[version.first_brand + match.brand];
  }

  // Makes the version that counts at `event_time_ms` the active one.
  bool Activate(int64_t event_time_ms);
  void Hold(uint64_t id, std::shared_ptr<const Watchlist> watchlist);
  Mention MakeMention(const Post& post, const Sentiment& sentiment, int32_t source, Offset offset) const;
  // The partition is that of its version's brand, whose sector may be another than in the version before.
  void AddRow(const Mention& mention, uint32_t partition, const Post& post);
  // Its strings are the post's, or in masked_text_ and joined_hashtags_.
  Sample MakeSample(const Post& post);

  const IngestOptions options_;
  const std::shared_ptr<WatchlistVersions> versions_;
  BrandSentiment sentiment_;
  std::shared_ptr<const WatchlistTimeline> timeline_;
  std::vector<HeldVersion> held_;
  size_t active_ = 0;                  // index into held_
  int64_t active_from_ms_ = 0;         // event times for which the active version counts: [from, until); empty: none
  int64_t active_until_ms_ = 0;        // INT64_MAX: for ever
  std::vector<NumberedBrand> brands_;  // by brand number, over all held versions
  absl::Status status_;
  ChunkPool pool_;               // of all partitions' rows: which has how many differs from flush to flush
  std::vector<Buffer> buffers_;  // by mentions partition
  Post post_;                    // of the record in hand; the parser makes it anew, so it is not made here too
  MatchScratch scratch_;
  std::vector<BrandMatch> matches_;
  // Of the sample that is being made.
  std::vector<std::string_view> hashtags_;
  std::string joined_hashtags_;
  std::string masked_text_;
  size_t bytes_ = 0;
  size_t mention_count_ = 0;
  size_t action_count_ = 0;
  size_t action_bytes_ = 0;
};

}  // namespace tocsin
