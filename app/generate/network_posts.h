// Writes posts in the shapes of their networks, following the networks' public formats.
//
// One writer a network, each in its own file; what they share is here. What the parser's presets make of the records
// is tested in tests/app/generate/network_posts_test.cc. Not thread-safe: a writer belongs to one firehose.
#pragma once

#include <cstdint>
#include <string>

#include "app/generate/planned_post.h"
#include "app/generate/post_fields.h"
#include "app/generate/record_buffer.h"
#include "app/generate/time_text.h"

namespace tocsin {

// What all writers use while they write.
struct RecordWriting {
  RecordBuffer out;
  TimeText times;
  std::string profile;  // fields of a Twitter profile that bring its posts to their size
};

// Profile fields for posts of twitter_v1 of about `post_bytes`.
std::string TwitterProfile(int32_t post_bytes);

void WriteTwitterV1(const PostFields& post, RecordWriting* writing);
void WriteTwitterV2(const PostFields& post, RecordWriting* writing);
void WriteBluesky(const PostFields& post, RecordWriting* writing);
void WriteMastodon(const PostFields& post, RecordWriting* writing);
void WriteReddit(const PostFields& post, RecordWriting* writing);
void WriteReview(const PostFields& post, RecordWriting* writing);
void WriteGeneric(const PostFields& post, RecordWriting* writing);

// Writes a record of that shape behind what `writing->out` holds.
void WritePost(PostShape shape, const PostFields& post, RecordWriting* writing);
// Appends the id by which the network itself tells posts apart.
void AppendPostId(PostShape shape, uint64_t number, RecordBuffer* out);
// Appends the id as the preset of that shape reads it: on Bluesky it has the author, on Reddit the kind of post.
void AppendRecordId(PostShape shape, const PlannedPost& post, RecordBuffer* out);
bool IsRedditSubmission(uint64_t number, uint64_t root);
void AppendBlueskyDid(uint64_t author, RecordBuffer* out);

// Spoils the one record in `*out`. REQUIRES: not kNone.
void Malform(Malformation malformation, PostShape shape, RecordBuffer* out);

// A time as RFC 3339 with milliseconds and Z, without quotes.
void WriteInstant(int64_t ms, RecordWriting* writing);

}  // namespace tocsin
