#include "bench/micro/parse/tweet_maker.h"

#include <array>
#include <string_view>

namespace tocsin {
namespace {

constexpr std::array<std::string_view, 24> kWords = {
    "flight",  "delayed",    "again",   "thank",          "service", "caf\\u00e9",
    "waiting", "hours",      "great",   "awful",          "never",   "the",
    "of",      "and",        "baggage", "\\ud83d\\ude21", "crew",    "gate",
    "refund",  "tr\\u00e8s", "help",    "\\\"really\\\"", "landed",  "\\u2026",
};

std::string Number(uint64_t value) { return std::to_string(value); }

}  // namespace

std::string TweetMaker::Text() {
  std::string text = "@united ";
  const uint32_t words = 14 + Below(10);
  for (uint32_t i = 0; i < words; ++i) {
    text += kWords[Below(kWords.size())];
    text += ' ';
  }
  text += "https:\\/\\/t.co\\/aB" + Number(Below(1'000'000));
  return text;
}

std::string TweetMaker::User() {
  const std::string id = Number(10'000'000 + Below(900'000'000));
  std::string user = R"({"id":)" + id + R"(,"id_str":")" + id + R"(","name":"Ren\u00e9 )" + Number(Below(1000)) +
                     R"(","screen_name":"traveller)" + Number(Below(1'000'000)) +
                     R"(","location":"Chicago, IL","url":"https:\/\/example.com\/me","description":"Coffee \u2615, )" +
                     Text() + R"(","translator_type":"none","protected":false,"verified":)" +
                     (Below(50) == 0 ? "true" : "false") + R"(,"followers_count":)" + Number(Below(100'000)) +
                     R"(,"friends_count":)" + Number(Below(5'000)) + R"(,"listed_count":12,"favourites_count":)" +
                     Number(Below(90'000)) + R"(,"statuses_count":)" + Number(Below(200'000));
  user +=
      R"(,"created_at":"Tue Mar 24 20:52:01 +0000 2009","utc_offset":null,"time_zone":null,"geo_enabled":true,"lang":"en",)"
      R"("contributors_enabled":false,"is_translator":false,"profile_background_color":"C0DEED",)"
      R"("profile_background_image_url":"http:\/\/abs.example.com\/images\/themes\/theme1\/bg.png",)"
      R"("profile_background_image_url_https":"https:\/\/abs.example.com\/images\/themes\/theme1\/bg.png",)"
      R"("profile_background_tile":false,"profile_link_color":"1DA1F2","profile_sidebar_border_color":"C0DEED",)"
      R"("profile_sidebar_fill_color":"DDEEF6","profile_text_color":"333333","profile_use_background_image":true,)"
      R"("profile_image_url":"http:\/\/pbs.example.com\/profile_images\/378800000\/7df3h_normal.jpeg",)"
      R"("profile_image_url_https":"https:\/\/pbs.example.com\/profile_images\/378800000\/7df3h_normal.jpeg",)"
      R"("profile_banner_url":"https:\/\/pbs.example.com\/profile_banners\/15\/1398","default_profile":true,)"
      R"("default_profile_image":false,"following":null,"follow_request_sent":null,"notifications":null})";
  return user;
}

std::string TweetMaker::Entities() {
  return R"({"hashtags":[{"text":"united","indices":[10,17]},{"text":"fail)" + Number(Below(100)) +
         R"(","indices":[20,26]}],"urls":[{"url":"https:\/\/t.co\/x1","expanded_url":"https:\/\/example.com\/news\/)" +
         Number(Below(100'000)) +
         R"(","display_url":"example.com\/news\u2026","indices":[90,113]}],)"
         R"("user_mentions":[{"screen_name":"united","name":"United Airlines","id":260907612,"id_str":"260907612",)"
         R"("indices":[0,7]}],"symbols":[]})";
}

std::string TweetMaker::Head(const std::string& text) {
  const std::string id = Number(next_id_ += 1 + Below(1'000'000));
  const bool reply = Below(4) == 0;
  const std::string parent = reply ? Number(next_id_ - 77'777) : "null";
  return R"({"created_at":"Sat Oct 20 01:46:40 +0000 2018","id":)" + id + R"(,"id_str":")" + id + R"(","text":")" +
         text +
         R"(","source":"\u003ca href=\"http:\/\/example.com\/download\/iphone\" rel=\"nofollow\"\u003eExample for iPhone\u003c\/a\u003e",)"
         R"("truncated":false,"in_reply_to_status_id":)" +
         parent + R"(,"in_reply_to_status_id_str":)" + (reply ? '"' + parent + '"' : parent) +
         R"(,"in_reply_to_user_id":null,"in_reply_to_user_id_str":null,"in_reply_to_screen_name":null,"user":)" +
         User() + R"(,"geo":null,"coordinates":null,"place":null,"contributors":null,)";
}

std::string TweetMaker::Tail() {
  return R"("quote_count":0,"reply_count":0,"retweet_count":0,"favorite_count":0,"entities":)" + Entities() +
         R"(,"favorited":false,"retweeted":false,"possibly_sensitive":false,"filter_level":"low","lang":"en","timestamp_ms":")" +
         Number(static_cast<uint64_t>(next_time_ms_ += Below(20))) + R"("})";
}

std::string TweetMaker::Original() { return Head(Text()) + R"("is_quote_status":false,)" + Tail(); }

std::string TweetMaker::Repost() {
  const std::string original = Original();
  return Head("RT @traveller1: " + Text()) + R"("retweeted_status":)" + original + R"(,"is_quote_status":false,)" +
         Tail();
}

}  // namespace tocsin
