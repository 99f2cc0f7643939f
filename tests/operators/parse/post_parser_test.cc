#include "operators/parse/post_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <string_view>

namespace tocsin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kTimeMs = 1'539'202'764'125;

PostParser Generic(const PostParserOptions& options = {}) {
  return PostParser(*Mapping::Preset("generic", std::nullopt), options);
}
PostParser Twitter() { return PostParser(*Mapping::Preset("twitter_v1", std::nullopt), PostParserOptions()); }

DropReason ReasonOf(PostParser parser, std::string_view record, int64_t append_time_ms = -1) {
  Post post;
  return parser.Parse(record, 0, append_time_ms, &post);
}

// A generic post with `more` behind its required fields.
std::string With(std::string_view more) {
  return R"({"id":"1","time":1539202764125,"text":"hello")" + std::string(more) + "}";
}

TEST(PostParserTest, ReadsEveryGenericField) {
  PostParser parser = Generic();
  const std::string record =
      R"({"id":7,"network":"Mastodon","time":"2018-10-10T20:19:24.125Z","text":"caf\u00e9","lang":"fr","author_id":42,)"
      R"("author":"@lea","followers":1200,"verified":true,"account_created":1539202764,"kind":"quote","reference_id":"r1",)"
      R"("hashtags":["#un","deux"],"handles":["@x","y"],"urls":["https:\/\/example.com"],"rating":4.5})";
  Post post;
  ASSERT_EQ(parser.Parse(record, 0, kTimeMs, &post), DropReason::kNone);
  EXPECT_EQ(post.id, "7");
  EXPECT_EQ(post.network, Network::kMastodon);
  EXPECT_EQ(post.event_time_ms, kTimeMs);
  EXPECT_EQ(post.text, "caf\u00e9");
  EXPECT_EQ(post.language, "fr");
  EXPECT_EQ(post.author_id, "42");
  EXPECT_EQ(post.author_handle, "lea");
  EXPECT_EQ(post.followers, 1200);
  EXPECT_TRUE(post.verified);
  EXPECT_EQ(post.account_created_ms, kTimeMs - 125);
  EXPECT_EQ(post.kind, PostKind::kQuote);
  EXPECT_EQ(post.reference_id, "r1");
  EXPECT_THAT(post.hashtags, ElementsAre("un", "deux"));
  EXPECT_THAT(post.handles, ElementsAre("x", "y"));
  EXPECT_THAT(post.urls, ElementsAre("https://example.com"));
  EXPECT_EQ(post.rating, 5);
}

TEST(PostParserTest, LeavesOptionalFieldsAbsentWhenMissingNullOrOfTheWrongType) {
  PostParser parser = Generic();
  for (
      std::string_view more :
      {"", R"(,"lang":null,"author_id":null,"followers":null,"verified":null,"hashtags":null,"rating":null)",
       R"(,"lang":3,"author_id":{},"author":[],"followers":"many","verified":"yes","account_created":"then","kind":"?",)"
       R"("reference_id":1.5,"hashtags":[1,{},null],"handles":7,"urls":{},"rating":9,"network":1)"}) {
    Post post;
    ASSERT_EQ(parser.Parse(With(more), 0, -1, &post), DropReason::kNone) << more;
    EXPECT_EQ(post.network, Network::kOther);
    EXPECT_EQ(post.language, "");
    EXPECT_EQ(post.author_id, "");
    EXPECT_EQ(post.author_handle, "");
    EXPECT_EQ(post.followers, kUnknownCount);
    EXPECT_FALSE(post.verified);
    EXPECT_EQ(post.account_created_ms, kUnknownTime);
    EXPECT_EQ(post.kind, PostKind::kOriginal);
    EXPECT_EQ(post.reference_id, "");
    EXPECT_THAT(post.hashtags, IsEmpty());
    EXPECT_THAT(post.handles, IsEmpty());
    EXPECT_THAT(post.urls, IsEmpty());
    EXPECT_EQ(post.rating, 0);
  }
}

TEST(PostParserTest, TakesAuthorsAsObjectsToo) {
  PostParser parser = Generic();
  const std::string record = With(R"(,"author":{"id":"9","handle":"lea","followers":3,"verified":true})");
  Post post;
  ASSERT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone);
  EXPECT_EQ(post.author_id, "9");
  EXPECT_EQ(post.author_handle, "lea");
  EXPECT_EQ(post.followers, 3);
  EXPECT_TRUE(post.verified);
}

TEST(PostParserTest, CountsTheFirstOfTwoEqualKeys) {
  PostParser parser = Generic();
  const std::string record = With(R"(,"id":"2","lang":null,"lang":"fr","author":{"id":"a"},"author":{"handle":"b"})");
  Post post;
  ASSERT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone);
  EXPECT_EQ(post.id, "1");
  EXPECT_EQ(post.language, "");
  EXPECT_EQ(post.author_id, "a");
  EXPECT_EQ(post.author_handle, "");
}

TEST(PostParserTest, AllowsAnEmptyText) {
  PostParser parser = Generic();
  Post post;
  EXPECT_EQ(parser.Parse(R"({"id":"1","time":1539202764125,"text":""})", 0, -1, &post), DropReason::kNone);
  EXPECT_EQ(post.text, "");
}

TEST(PostParserTest, ReadsAnOriginalTweet) {
  PostParser parser = Twitter();
  const std::string record =
      R"({"created_at":"Wed Oct 10 20:19:24 +0000 2018","id":1050118621198921728,"id_str":"1050118621198921728",)"
      R"("text":"To make room\u2026","truncated":true,"in_reply_to_status_id":null,"in_reply_to_status_id_str":null,)"
      R"("user":{"id":6253282,"id_str":"6253282","screen_name":"TwitterAPI","followers_count":6172353,"verified":true,)"
      R"("created_at":"Wed May 23 06:01:13 +0000 2007","lang":"en"},"is_quote_status":false,)"
      R"("extended_tweet":{"full_text":"To make room for more expression","entities":{"hashtags":[{"text":"news","indices":[1,2]}],)"
      R"("urls":[{"url":"https:\/\/t.co\/x","expanded_url":"https:\/\/example.com\/a"},{"url":"u","expanded_url":null}],)"
      R"("user_mentions":[{"screen_name":"united","id":1}]}},)"
      R"("entities":{"hashtags":[{"text":"cut"}],"urls":[],"user_mentions":[]},"lang":"en","timestamp_ms":"1539202764125"})";
  Post post;
  ASSERT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone);
  EXPECT_EQ(post.network, Network::kTwitter);
  EXPECT_EQ(post.id, "1050118621198921728");
  EXPECT_EQ(post.event_time_ms, kTimeMs);
  EXPECT_EQ(post.text, "To make room for more expression");
  EXPECT_EQ(post.author_id, "6253282");
  EXPECT_EQ(post.author_handle, "TwitterAPI");
  EXPECT_EQ(post.followers, 6'172'353);
  EXPECT_TRUE(post.verified);
  EXPECT_EQ(post.account_created_ms, 1'179'900'073'000);
  EXPECT_EQ(post.kind, PostKind::kOriginal);
  EXPECT_THAT(post.hashtags, ElementsAre("news"));
  EXPECT_THAT(post.handles, ElementsAre("united"));
  EXPECT_THAT(post.urls, ElementsAre("https://example.com/a"));
}

TEST(PostParserTest, TakesTheOriginalsTextOfARepost) {
  PostParser parser = Twitter();
  const std::string record =
      R"({"id_str":"2","timestamp_ms":"1539202764125","text":"RT @a: cut","user":{"id_str":"b"},"lang":"und",)"
      R"("entities":{"hashtags":[]},"is_quote_status":true,"quoted_status_id_str":"q",)"
      R"("retweeted_status":{"id_str":"1","text":"cut","lang":"en","user":{"id_str":"a"},)"
      R"("extended_tweet":{"full_text":"whole text","entities":{"hashtags":[{"text":"x"}]}}}})";
  Post post;
  ASSERT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone);
  EXPECT_EQ(post.kind, PostKind::kRepost);
  EXPECT_EQ(post.reference_id, "1");
  EXPECT_EQ(post.id, "2");
  EXPECT_EQ(post.author_id, "b");
  EXPECT_EQ(post.text, "whole text");
  EXPECT_EQ(post.language, "en");
  EXPECT_THAT(post.hashtags, ElementsAre("x"));
}

TEST(PostParserTest, TellsRepliesAndQuotesApart) {
  PostParser parser = Twitter();
  const auto kind_of = [&](std::string_view more, std::string_view reference) {
    Post post;
    const std::string record =
        R"({"id":1,"created_at":"Wed Oct 10 20:19:24 +0000 2018","text":"t")" + std::string(more) + "}";
    EXPECT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone) << record;
    EXPECT_EQ(post.reference_id, reference) << record;
    return post.kind;
  };
  EXPECT_EQ(kind_of("", ""), PostKind::kOriginal);
  EXPECT_EQ(kind_of(R"(,"in_reply_to_status_id_str":"5","in_reply_to_status_id":5)", "5"), PostKind::kReply);
  EXPECT_EQ(kind_of(R"(,"in_reply_to_status_id":5)", "5"), PostKind::kReply);
  EXPECT_EQ(kind_of(R"(,"quoted_status_id_str":"6","is_quote_status":true)", "6"), PostKind::kQuote);
  EXPECT_EQ(kind_of(R"(,"quoted_status":{"id_str":"7"})", "7"), PostKind::kQuote);
  EXPECT_EQ(kind_of(R"(,"quoted_status":{})", ""), PostKind::kQuote);
  EXPECT_EQ(kind_of(R"(,"in_reply_to_status_id":5,"quoted_status_id":6)", "5"), PostKind::kReply);
  EXPECT_EQ(kind_of(R"(,"retweeted_status":{})", ""), PostKind::kRepost);
  EXPECT_EQ(kind_of(R"(,"retweeted_status":null)", ""), PostKind::kOriginal);
}

TEST(PostParserTest, NamesWhyARecordCannotBeUsed) {
  const std::string good = With("");
  EXPECT_EQ(ReasonOf(Generic(), good), DropReason::kNone);
  EXPECT_EQ(ReasonOf(Generic(), ""), DropReason::kEmpty);
  EXPECT_EQ(ReasonOf(Generic(), " \n\t"), DropReason::kEmpty);
  EXPECT_EQ(ReasonOf(Generic({.max_record_bytes = good.size() - 1}), good), DropReason::kTooLarge);
  EXPECT_EQ(ReasonOf(Generic({.max_record_bytes = good.size()}), good), DropReason::kNone);
  for (std::string_view bad :
       {"hello", "null", "[]", "7", "\"x\"", "{", "}", "{]", "{\"id\"", "[{}]", "{\"id\":}", "{,}"}) {
    EXPECT_EQ(ReasonOf(Generic(), bad), DropReason::kNotJson) << bad;
  }
  for (std::string_view tail : {"x", "}", "{}", ",", "null", "\"\"", "\"", "]"}) {
    EXPECT_EQ(ReasonOf(Generic(), good + std::string(tail)), DropReason::kNotJson) << tail;
  }
  for (std::string_view more :
       {",", R"(,"lang")", R"(,"lang":)", R"(,"lang" "fr")", R"(,"lang":tru)", R"(,"lang":"\x")", R"(,"a":1 2)",
        R"(,"a":,,"b":2)", R"(,"a"::1)", R"(,a:1)", R"(,"a":[1,2)", R"(,"a":{"b":1)", R"(,"hashtags":[,])",
        R"(,"hashtags":["a" "b"])", R"(,"rating":01)", ",\"a\":\"\n\""}) {
    EXPECT_EQ(ReasonOf(Generic(), With(more)), DropReason::kNotJson) << more;
  }
  EXPECT_EQ(ReasonOf(Generic(), With(",\"a\":\"\xff\"")), DropReason::kNotUtf8);
  EXPECT_EQ(ReasonOf(Generic(), "{\"a\":\"\xc3"), DropReason::kNotUtf8);
  EXPECT_EQ(ReasonOf(Generic(), With(",\"\xed\xa0\x80\":1")), DropReason::kNotUtf8);
}

TEST(PostParserTest, NamesTheFieldThatIsMissingOrWrong) {
  struct Case {
    std::string_view record;
    DropReason reason;
    std::string_view culprit;
  };
  constexpr Case kCases[] = {
      {"{}", DropReason::kMissingField, "id"},
      {R"({"id":null,"time":1539202764,"text":"t"})", DropReason::kMissingField, "id"},
      {R"({"id":"","time":1539202764,"text":"t"})", DropReason::kMissingField, "id"},
      {R"({"id":1.5,"time":1539202764,"text":"t"})", DropReason::kWrongType, "id"},
      {R"({"id":-1,"time":1539202764,"text":"t"})", DropReason::kWrongType, "id"},
      {R"({"id":-0,"time":1539202764,"text":"t"})", DropReason::kWrongType, "id"},
      {R"({"id":{},"time":1539202764,"text":"t"})", DropReason::kWrongType, "id"},
      {R"({"id":true,"time":1539202764,"text":"t"})", DropReason::kWrongType, "id"},
      {R"({"id":1,"text":"t"})", DropReason::kMissingField, "event_time"},
      {R"({"id":1,"time":"soon","text":"t"})", DropReason::kWrongType, "event_time"},
      {R"({"id":1,"time":"2018-02-30T00:00:00Z","text":"t"})", DropReason::kWrongType, "event_time"},
      {R"({"id":1,"time":[],"created_at":1539202764,"text":"t"})", DropReason::kWrongType, "event_time"},
      {R"({"id":1,"time":"1999-12-31T23:59:59Z","text":"t"})", DropReason::kAbsurdTime, "event_time"},
      {R"({"id":1,"time":"2100-01-01T00:00:00Z","text":"t"})", DropReason::kAbsurdTime, "event_time"},
      {R"({"id":1,"time":0,"text":"t"})", DropReason::kAbsurdTime, "event_time"},
      {R"({"id":1,"time":1539202764})", DropReason::kMissingField, "text"},
      {R"({"id":1,"time":1539202764,"text":null})", DropReason::kMissingField, "text"},
      {R"({"id":1,"time":1539202764,"text":7})", DropReason::kWrongType, "text"},
  };
  PostParser parser = Generic();
  for (const Case& expected : kCases) {
    Post post;
    EXPECT_EQ(parser.Parse(expected.record, 0, -1, &post), expected.reason) << expected.record;
    EXPECT_EQ(parser.culprit(), expected.culprit) << expected.record;
  }
  Post post;
  EXPECT_EQ(parser.Parse(With(""), 0, -1, &post), DropReason::kNone);
  EXPECT_EQ(parser.culprit(), "");
}

TEST(PostParserTest, AllowsAMinuteAheadOfTheAppend) {
  EXPECT_EQ(ReasonOf(Generic(), With(""), kTimeMs - kMaxAheadMs), DropReason::kNone);
  EXPECT_EQ(ReasonOf(Generic(), With(""), kTimeMs - kMaxAheadMs - 1), DropReason::kAbsurdTime);
  EXPECT_EQ(ReasonOf(Generic(), With(""), 0), DropReason::kAbsurdTime);
}

TEST(PostParserTest, LimitsTheDepthOfWhatItPassesOverToo) {
  const auto nested = [](size_t depth) { return With(",\"a\":" + std::string(depth, '[') + std::string(depth, ']')); };
  EXPECT_EQ(ReasonOf(Generic(), nested(63)), DropReason::kNone);
  EXPECT_EQ(ReasonOf(Generic(), nested(64)), DropReason::kTooDeep);
  EXPECT_EQ(ReasonOf(Generic(), nested(200'000)), DropReason::kTooDeep);
  EXPECT_EQ(ReasonOf(Generic({.max_depth = 2}), With(R"(,"hashtags":["a"],"author":{"id":"x"})")), DropReason::kNone);
  EXPECT_EQ(ReasonOf(Generic({.max_depth = 1}), With(R"(,"hashtags":["a"])")), DropReason::kTooDeep);
  EXPECT_EQ(ReasonOf(Generic({.max_depth = 1}), With(R"(,"author":{"id":"x"})")), DropReason::kTooDeep);
}

TEST(PostParserTest, SkipsASchemaRegistryPrefixIfTold) {
  const std::string prefixed = std::string("\0\0\0\0\7", 5) + With("");
  EXPECT_EQ(ReasonOf(Generic(), prefixed), DropReason::kNotJson);
  EXPECT_EQ(ReasonOf(Generic({.schema_registry_prefix = true}), prefixed), DropReason::kNone);
  EXPECT_EQ(ReasonOf(Generic({.schema_registry_prefix = true}), With("")), DropReason::kNone);
  EXPECT_EQ(ReasonOf(Generic({.schema_registry_prefix = true}), std::string("\0\0\0\0\7", 5)), DropReason::kEmpty);
}

// Goal: no part of a record passes for the whole. Method: every prefix of a record with all kinds of values.
TEST(PostParserTest, NeverTakesATruncatedRecordForAPost) {
  const std::string record =
      R"({"id":"1","time":1539202764125,"text":"a \"b\" \u00e9 {[","a":{"b":[1,{"c":null}],"d":"}"},"hashtags":["x"],"e":1.5})";
  PostParser parser = Generic();
  Post post;
  ASSERT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone);
  for (size_t size = 0; size < record.size(); ++size) {
    ASSERT_NE(parser.Parse(record.substr(0, size), 0, -1, &post), DropReason::kNone) << record.substr(0, size);
  }
  ASSERT_EQ(parser.Parse(record + " \n", 0, -1, &post), DropReason::kNone);
}

TEST(PostParserTest, SurvivesRandomBytes) {
  std::mt19937_64 random(11);
  PostParser parser = Generic();
  Post post;
  for (int i = 0; i < 200'000; ++i) {
    std::string record;
    const bool structural = i % 2 == 0;
    for (uint64_t size = random() % 80; size > 0; --size) {
      constexpr char kBytes[] = "{}[]:,\"\\ 017tfn\n";
      record += structural ? kBytes[random() % (sizeof(kBytes) - 1)] : static_cast<char>(random());
    }
    ASSERT_NE(parser.Parse(record, 0, -1, &post), DropReason::kNone);
  }
}

// Memory that ends where a page begins that may not be touched: a read behind it stops the process, whoever reads, also
// code that no sanitizer has seen.
class GuardedMemory {
 public:
  GuardedMemory() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    void* memory = mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    begin_ = static_cast<char*>(memory);
    EXPECT_EQ(mprotect(begin_ + page_, page_, PROT_NONE), 0);
  }
  ~GuardedMemory() { munmap(begin_, 2 * page_); }

  std::string_view PutAtTheEnd(std::string_view bytes) {
    char* const place = begin_ + page_ - bytes.size();
    std::memcpy(place, bytes.data(), bytes.size());
    return {place, bytes.size()};
  }

 private:
  const size_t page_;
  char* begin_ = nullptr;
};

// Goal: nothing behind a record is read. Method: records of many sizes before a guard page, with every kernel that this
// machine can run.
TEST(PostParserTest, ReadsNothingBehindTheRecordWithAnyKernel) {
  GuardedMemory memory;
  const simdjson::implementation* usual = simdjson::get_active_implementation();
  for (const simdjson::implementation* kernel : simdjson::get_available_implementations()) {
    if (!kernel->supported_by_runtime_system()) continue;
    simdjson::get_active_implementation() = kernel;
    PostParser parser = Generic();
    for (size_t extra = 0; extra < 300; ++extra) {
      const std::string record = With(",\"a\":\"" + std::string(extra, 'x') + "\"");
      Post post;
      ASSERT_EQ(parser.Parse(memory.PutAtTheEnd(record), 0, -1, &post), DropReason::kNone)
          << kernel->name() << " " << record;
      ASSERT_EQ(post.text, "hello");
      for (size_t cut = 1; cut < 20; ++cut) {
        const std::string_view part = memory.PutAtTheEnd(std::string_view{record}.substr(0, record.size() - cut));
        ASSERT_NE(parser.Parse(part, 0, -1, &post), DropReason::kNone);
      }
    }
  }
  simdjson::get_active_implementation() = usual;
}

TEST(PostParserTest, ReadsLongRecordsAfterShortOnes) {
  PostParser parser = Generic();
  for (size_t size : {size_t{10}, size_t{70'000}, size_t{10}, size_t{900'000}}) {
    const std::string text(size, 'x');
    const std::string record = R"({"id":1,"time":1539202764,"text":"\n)" + text + "\"}";
    Post post;
    ASSERT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone);
    ASSERT_EQ(post.text, "\n" + text);
  }
}

TEST(PostParserTest, ListsAtMostAHundredEntries) {
  std::string list = "\"a\"";
  for (int i = 0; i < 5'000; ++i) list += ",\"a\"";
  PostParser parser = Generic();
  Post post;
  ASSERT_EQ(parser.Parse(With(",\"hashtags\":[" + list + "]"), 0, -1, &post), DropReason::kNone);
  EXPECT_EQ(post.hashtags.size(), PostParser::kMaxListed);
}

TEST(PostParserTest, FindsKeysInEverySpellingOfASerialiser) {
  const FieldPointers fields = {
      {PostField::kId, {"/cl\u00e9"}}, {PostField::kEventTime, {"/a~1b"}}, {PostField::kText, {"/texte"}}};
  PostParser parser(*Mapping::FromFields(fields, Network::kForum), PostParserOptions());
  for (std::string_view record :
       {"{\"cl\u00e9\":\"1\",\"a/b\":1539202764,\"texte\":\"t\"}", R"({"cl\u00e9":"1","a\/b":1539202764,"texte":"t"})",
        R"({"cl\u00E9" : "1","a/b":1539202764,"texte":"t"})"}) {
    Post post;
    EXPECT_EQ(parser.Parse(record, 0, -1, &post), DropReason::kNone) << record;
    EXPECT_EQ(post.network, Network::kForum);
  }
}

TEST(PostTest, NamesNetworksAndReasons) {
  for (int i = 0; i <= static_cast<int>(Network::kThreads); ++i) {
    EXPECT_EQ(NetworkFromName(NetworkName(static_cast<Network>(i))), static_cast<Network>(i));
  }
  EXPECT_EQ(NetworkFromName("TWITTER"), Network::kTwitter);
  EXPECT_EQ(NetworkFromName("myspace"), Network::kOther);
  EXPECT_EQ(DropReasonName(DropReason::kNotJson), "not_json");
  EXPECT_EQ(DropReasonName(DropReason::kAbsurdTime), "absurd_time");
}

}  // namespace
}  // namespace tocsin
