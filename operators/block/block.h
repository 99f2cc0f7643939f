// A block: the rows of one flush for one mentions partition, with the account of what was read.
//
// Every flush writes one block (in parts if large) to every mentions partition, even an empty one, so that each carries
// every watermark and detect can audit the chain: a block's `from` must be the `to` of the block before, per source
// partition. Byte-exact format: docs/FORMATS.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/log/log.h"
#include "operators/mention/mention.h"

namespace tocsin {

// What one flush read of one source partition. Offsets are half-open: [from, to). A negative `from` accounts for
// nothing: the partition is known to exist, so that the watermark waits for it, but the writer of the block has not
// read it.
struct SourceRange {
  std::string topic;
  int32_t partition = 0;
  uint32_t epoch = 0;  // raised by `tocsin source reset` when the topic was made anew
  Offset from = 0;
  Offset to = 0;
  int64_t highest_event_time_ms = kUnknownTime;  // over all that was ever read of this partition
  int64_t out_of_orderness_ms = 0;               // of its source, so that detect needs no source configuration
  int64_t max_drag_ms = 0;
  bool idle = false;       // at its end, and has been for the idle time-out
  bool caught_up = false;  // its end was reached since the block before
  bool control = false;    // carries actions, not posts: the watermark does not know of it
  // The account of [from, to): these five add up to `records`.
  uint32_t records = 0;
  uint32_t matched = 0;  // with at least one mention
  uint32_t unmatched = 0;
  uint32_t dead = 0;
  uint32_t official = 0;  // no mention, but an official account's response

  bool accounts() const { return from >= 0; }

  friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

// What someone did, on its way to the brand's incident: operators/action.
struct BlockAction {
  uint32_t brand = 0;  // as of Mention
  int64_t at_ms = 0;
  int32_t source = 0;  // index into the block's source partitions
  Offset offset = 0;
  std::string_view text;  // the record as it came
};

// A decoded block. Views borrow from the bytes that were decoded.
struct Block {
  uint64_t config_version = 0;
  int64_t written_ms = kUnknownTime;  // by the writer's clock; unknown in a replay
  uint32_t part = 0;                  // of `parts`; sources count as read only with the last part
  uint32_t parts = 1;
  std::vector<SourceRange> sources;
  std::vector<std::string_view> brands;  // brand ids; Mention::brand indexes this
  std::vector<Mention> mentions;
  std::vector<Sample> samples;
  std::vector<BlockAction> actions;  // all in the first part
};

// Appends a sample as blocks have it.
void EncodeSample(const Sample& sample, std::string* out);

// Collects mentions for one mentions partition and encodes them. Not thread-safe. Reuse it: Clear keeps capacity.
//
// Mentions and actions name brands by numbers of the caller's, small ones, for there is a table by them. REQUIRES: from
// one Clear to the next a number stands for one id, and an id has one number.
class BlockBuilder {
 public:
  // `sample` in the mention is ignored: `sample` (null: none) is copied. The same sample given for successive mentions
  // is kept once.
  void Add(const Mention& mention, std::string_view brand_id, const Sample* sample);
  // Likewise, with the sample as of EncodeSample (empty: none).
  void AddEncoded(const Mention& mention, std::string_view brand_id, std::string_view sample);

  void AddAction(const BlockAction& action, std::string_view brand_id);

  size_t size_bytes() const { return bytes_; }  // approximate encoded size, a little above the real one
  size_t mention_count() const { return mentions_.size(); }
  bool empty() const { return mentions_.empty() && actions_.empty(); }
  void Clear();  // all but Block::written_ms
  // Unknown until it is set.
  void set_written_ms(int64_t written_ms) { written_ms_ = written_ms; }

  // Replaces `*parts` by the encoded parts, each at most `max_part_bytes` unless a single row with the sources needs
  // more (a row is never split); at least one part. Every part carries all sources; the first one has all actions,
  // whatever its size. REQUIRES: every mention's `source` is an index into `sources`.
  void Encode(uint64_t config_version, absl::Span<const SourceRange> sources, size_t max_part_bytes,
              std::vector<std::string>* parts) const;

 private:
  uint32_t BrandIndex(uint32_t number, std::string_view brand_id);
  std::string_view SampleBytes(size_t sample) const;
  // Row number behind each part's last row.
  std::vector<size_t> PartEnds(size_t fixed_bytes, size_t source_count, size_t max_part_bytes) const;

  std::vector<Mention> mentions_;          // brand and sample index the tables below
  std::vector<BlockAction> actions_;       // text is in action_texts_
  std::vector<std::string> action_texts_;  // by action
  std::vector<std::string> brands_;        // by first appearance
  std::string sample_bytes_;               // as encoded, one behind the other
  std::string encoded_sample_;             // of Add
  std::vector<size_t> sample_ends_;        // of each, in them
  // Of each brand its number; and by number its index, where that index has this number (Briggs and Torczon, "An
  // efficient representation for sparse sets", ACM LOPLAS 2, 1993): nothing has to be cleared.
  std::vector<uint32_t> brand_numbers_;
  std::vector<uint32_t> brand_index_;
  size_t bytes_ = 0;
  int64_t written_ms_ = kUnknownTime;
};

// Decodes one part. DataLoss: truncated, altered (checksum) or of an unknown version. `*block` is reused.
absl::Status DecodeBlock(std::string_view bytes, Block* block);

}  // namespace tocsin
