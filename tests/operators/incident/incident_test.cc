#include "operators/incident/incident.h"

#include <string>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

HeldMention Row(uint64_t author, uint64_t text, SentimentClass sentiment, PostKind kind = PostKind::kOriginal) {
  HeldMention row;
  row.event_time_ms = 1'000;
  row.author_hash = author;
  row.text_hash = text;
  row.sentiment = sentiment;
  row.kind = kind;
  row.network = Network::kTwitter;
  return row;
}

TEST(IncidentTest, CountsDistinctAuthorsOfDistinctNegativeOriginalsOnly) {
  Incident incident;
  for (uint64_t i = 0; i < 100; ++i) incident.Add(Row(7, i, SentimentClass::kNegative));
  EXPECT_EQ(incident.NegativeAuthors(), 1) << "one author, many texts";
  for (uint64_t i = 0; i < 100; ++i) incident.Add(Row(1'000 + i, 5, SentimentClass::kNegative));
  EXPECT_EQ(incident.negative_authors.size(), 101);
  EXPECT_EQ(incident.NegativeAuthors(), 100) << "texts bound it";
  for (uint64_t i = 0; i < 1'000; ++i) incident.Add(Row(5'000 + i, 900, SentimentClass::kNegative, PostKind::kRepost));
  EXPECT_EQ(incident.NegativeAuthors(), 100) << "reposts add nothing";
  for (uint64_t i = 0; i < 50; ++i) incident.Add(Row(9'000 + i, 9'000 + i, SentimentClass::kUnclassified));
  EXPECT_EQ(incident.NegativeAuthors(), 100);
  EXPECT_EQ(incident.mentions, 1'250);
  EXPECT_EQ(incident.negative, 1'200);
  EXPECT_EQ(incident.classified, 1'200) << "undecided is never counted as classified";
}

TEST(IncidentTest, HashSetsAreExactUpToTheirCapacityThenABound) {
  HashSet set;
  for (uint64_t i = 0; i < HashSet::kCapacity - 1; ++i) EXPECT_TRUE(set.Insert(i * 7));
  EXPECT_FALSE(set.Insert(0));
  EXPECT_FALSE(set.capped());
  EXPECT_TRUE(set.Insert(UINT64_MAX));
  EXPECT_TRUE(set.capped());
  EXPECT_FALSE(set.Insert(UINT64_MAX - 1));
  EXPECT_EQ(set.size(), static_cast<int64_t>(HashSet::kCapacity));
}

TEST(IncidentTest, EncodingRoundsTripAndDamageIsRefused) {
  Incident incident;
  incident.state = IncidentState::kEasing;
  incident.id = "united-20261120T100000Z";
  incident.level = 3;
  incident.below_half_ms = 77;
  for (uint64_t i = 0; i < 40; ++i) {
    HeldMention row = Row(i, i, SentimentClass::kNegative);
    row.terms = kSafetyTerm | kCallToAction;
    row.language = static_cast<uint16_t>('f' << 8 | 'r');
    incident.Add(row);
  }
  incident.first_post = SignalPost();
  incident.first_post->text = "text";
  incident.first_post->source = {"posts", 3};
  incident.timeline.push_back({1, IncidentState::kProvisional, 1, ""});
  incident.timeline.push_back({2, IncidentState::kConfirmed, 3, "head-of-comms"});
  incident.escalate_by_ms = 12;
  incident.escalated_at_ms = 34;
  std::string bytes;
  ByteWriter writer(&bytes);
  incident.Encode(&writer);

  Incident decoded;
  ByteReader reader(bytes);
  ASSERT_TRUE(decoded.Decode(&reader).ok());
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_EQ(decoded.NegativeAuthors(), 40);
  EXPECT_EQ(decoded.term_authors[0], 40);
  EXPECT_EQ(decoded.first_post, incident.first_post);
  EXPECT_EQ(decoded.timeline, incident.timeline);
  EXPECT_EQ(decoded.escalate_by_ms, 12);
  EXPECT_EQ(decoded.escalated_at_ms, 34);
  std::string again;
  ByteWriter again_writer(&again);
  decoded.Encode(&again_writer);
  EXPECT_EQ(again, bytes);
  for (size_t size = 0; size < bytes.size(); size += 3) {
    ByteReader cut(std::string_view{bytes}.substr(0, size));
    EXPECT_FALSE(Incident().Decode(&cut).ok()) << size;
  }
}

}  // namespace
}  // namespace tocsin
