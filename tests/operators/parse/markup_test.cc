#include "operators/parse/markup.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/operators/parse/naive_markup.h"

namespace tocsin {
namespace {

std::string Text(std::string_view html) {
  std::string out(html.size(), '\0');
  return std::string(HtmlToText(html, out.data()));
}

std::string Decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  return std::string(DecodeEntities(text, out.data()));
}

std::vector<std::string> Links(std::string_view html) {
  std::vector<std::string> links;
  size_t at = 0;
  for (std::string_view link = NextLink(html, &at); !link.empty(); link = NextLink(html, &at)) links.emplace_back(link);
  return links;
}

TEST(MarkupTest, BreaksLinesAtParagraphsAndBreaksOnly) {
  EXPECT_EQ(Text("<p>one<br>two</p><p>three</p>"), "one\ntwo\nthree");
  EXPECT_EQ(Text("<P>one<BR/><br />two</P>"), "one\ntwo");
  EXPECT_EQ(Text("a<b>b</b><i>c</i>"), "abc");
  EXPECT_EQ(Text("one\n\ttwo"), "one  two");
  EXPECT_EQ(Text("<p></p>"), "");
  EXPECT_EQ(Text(""), "");
}

TEST(MarkupTest, LeavesOutWhatMastodonDoesNotShow) {
  EXPECT_EQ(Text("a<span class=\"invisible\">b<i>c</i><br>d</span>e"), "ae");
  EXPECT_EQ(Text("a<span class='x invisible y'>b</span>"), "a");
  EXPECT_EQ(Text("a<span class=invisible>b</span>"), "a");
  EXPECT_EQ(Text("a<span class=\"invisibles\">b</span>"), "ab");
  EXPECT_EQ(Text("x<p class=\"quote-inline\">RE: <a href=\"u\">u</a></p><p>y</p>"), "x\ny");
  EXPECT_EQ(Text("a<!-- b <br> -->c"), "ac");
}

TEST(MarkupTest, KeepsTheWholeAddressOfALinkThatIsShortened) {
  EXPECT_EQ(Text("<a href=\"https://x.example/long\"><span class=\"invisible\">https://</span><span class=\"ellipsis\">"
                 "x.example/lo</span><span class=\"invisible\">ng</span></a>"),
            "https://x.example/long");
}

TEST(MarkupTest, TakesWhatIsNoTagAsText) {
  EXPECT_EQ(Text("1 < 2 > 1 <3 </ <>"), "1 < 2 > 1 <3 </ <>");
  EXPECT_EQ(Text("a<b"), "a");
  EXPECT_EQ(Text("a<b title=\"x>y\">c"), "ac");
  EXPECT_EQ(Text("a<!--b"), "a");
}

TEST(MarkupTest, DecodesEntities) {
  EXPECT_EQ(Decoded("plain"), "plain");
  EXPECT_EQ(Decoded("&amp;amp; &lt;&gt; &quot;&apos;&#39;&#x27;"), "&amp; <> \"'''");
  EXPECT_EQ(Decoded("&nbsp;&eacute;&yuml;&Agrave;&euro;&hellip;"), "\u00a0\u00e9\u00ff\u00c0\u20ac\u2026");
  EXPECT_EQ(Decoded("&#128545;&#X1f621;"), "\U0001F621\U0001F621");
  EXPECT_EQ(Decoded("&#0;&#xD800;&#1114112;"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(Decoded("& &; &# ; &#; &#x; &nosuch; &amp"), "& &; &# ; &#; &#x; &nosuch; &amp");
  EXPECT_EQ(Decoded("&#99999999999;"), "&#99999999999;");
  EXPECT_EQ(Decoded("AT&T; &copy"), "AT&T; &copy");
}

TEST(MarkupTest, FindsLinksButThoseOfMentionsAndHashtags) {
  EXPECT_EQ(Links("<a href=\"https://a.example/?x=1&amp;y\">a</a> <A HREF='b' class='x'>b</A><a class=u href=c>c</a>"),
            (std::vector<std::string>{"https://a.example/?x=1&amp;y", "b", "c"}));
  EXPECT_TRUE(
      Links("<a class=\"u-url mention\" href=\"a\">a</a><a href=\"b\" class=\"hashtag\">b</a><a>c</a></a href=d>"
            "<abbr href=e><a href=\"\">")
          .empty());
}

// Goal: nothing is read or written outside. Method: random pieces, against the naive functions, in memory that ends
// with the text.
TEST(MarkupTest, AgreesWithTheNaiveFunctionsOnRandomMarkup) {
  constexpr std::string_view kPieces[] = {"<",
                                          ">",
                                          "</",
                                          "/>",
                                          "p",
                                          "a",
                                          "span",
                                          "br",
                                          " ",
                                          "class=",
                                          "\"",
                                          "'",
                                          "invisible",
                                          "mention",
                                          "href=",
                                          "&",
                                          "amp",
                                          ";",
                                          "#x41",
                                          "#",
                                          "9",
                                          "<!--",
                                          "-->",
                                          "<p>",
                                          "</p>",
                                          "<span class=\"invisible\">",
                                          "</span>",
                                          "<a href=\"x&amp;y\">",
                                          "</a>",
                                          "\n",
                                          "quote-inline",
                                          "<li/>",
                                          "\u00e9"};
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    std::string html;
    for (uint64_t pieces = random() % 14; pieces > 0; --pieces) html += kPieces[random() % std::size(kPieces)];
    const std::vector<char> exact(html.begin(), html.end());
    const std::string_view view(exact.data(), exact.size());
    ASSERT_EQ(Text(view), NaiveHtmlToText(html)) << html;
    ASSERT_EQ(Decoded(view), NaiveDecodeEntities(html)) << html;
    std::vector<std::string> links = Links(view);
    for (std::string& link : links) link = Decoded(link);
    ASSERT_EQ(links, NaiveLinks(html)) << html;
  }
}

}  // namespace
}  // namespace tocsin
