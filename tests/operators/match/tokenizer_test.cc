#include "operators/match/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "operators/match/fold.h"
#include "operators/match/lexicon.h"
#include "operators/mention/mention.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Describe(const Tokenizer& tokenizer) {
  std::vector<std::string> tokens;
  for (const Token& token : tokenizer.tokens()) {
    static constexpr std::string_view kSigns[] = {"|", "", "#", "@", "$", "<url>", "tag:", "url:", "site:", "author:"};
    tokens.push_back(absl::StrCat(kSigns[static_cast<size_t>(token.kind)], tokenizer.Folded(token)));
  }
  return tokens;
}

std::vector<std::string> Tokens(std::string_view text) {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  tokenizer.AddText(text);
  return Describe(tokenizer);
}

uint64_t Fingerprint(std::string_view text) {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  tokenizer.AddText(text);
  return tokenizer.Fingerprint();
}

TEST(TokenizerTest, FoldsCaseAccentsAndCompatibilityForms) {
  EXPECT_THAT(Tokens("UNITED Café CAFE\u0301 straße STRASSE ﬁsh Ｕnited 𝗯𝗼𝗹𝗱 x² Ⓐcme"),
              ElementsAre("united", "cafe", "cafe", "strasse", "strasse", "fish", "united", "bold", "x2", "acme"));
  EXPECT_THAT(Tokens("Mærsk SMØRREBRØD Łódź İstanbul ısparta Đ Þór"),
              ElementsAre("maersk", "smorrebrod", "lodz", "istanbul", "isparta", "d", "thor"));
  EXPECT_THAT(Tokens("ΕΛΛΆΣ ελλάς МОСКВА مُحَمَّد"), ElementsAre("ελλασ", "ελλασ", "москва", "محمد"));
}

TEST(TokenizerTest, CutsAtElisionHyphenAndAmpersandButNotAtSoftHyphenOrJoiner) {
  EXPECT_THAT(Tokens("l'Oréal L\u2019ORÉAL dell\u02BCArte"), ElementsAre("l", "oreal", "l", "oreal", "dell", "arte"));
  EXPECT_THAT(Tokens("coca-cola AT&amp;T AT&T McDonald's"),
              ElementsAre("coca", "cola", "at", "t", "at", "t", "mcdonald", "s"));
  EXPECT_THAT(Tokens("uni\u00ADted \u200Dunited\uFE0F"), ElementsAre("united", "united"));
  EXPECT_THAT(Tokens("Acme™ ©Acme Acme®"), ElementsAre("acme", "acme", "acme"));
}

TEST(TokenizerTest, ScriptsWithoutSpacesGiveOneTokenACharacterWithItsMarks) {
  EXPECT_THAT(Tokens("東京 iPhoneを がか\u3099"), ElementsAre("東", "京", "iphone", "を", "か\u3099", "か\u3099"));
  EXPECT_THAT(Tokens("ที่ ๑"), ElementsAre("ที่", "๑"));
  EXPECT_THAT(Tokens("हिन्दी"), ElementsAre("हिन्दी"));
  EXPECT_THAT(Tokens("😀😀👍🏽 🇮🇹"), ElementsAre("😀", "😀", "👍", "🇮", "🇹"));
}

TEST(TokenizerTest, HangulIsFoldedToItsLettersSoThatBothFormsAreEqual) {
  EXPECT_EQ(Tokens("삼성"), Tokens("\u1109\u1161\u11B7\u1109\u1165\u11BC"));
}

TEST(TokenizerTest, TellsHashtagsHandlesAndCashtags) {
  EXPECT_THAT(Tokens("#United @United $UAL ＃café ＠x"), ElementsAre("#united", "@united", "$ual", "#cafe", "@x"));
  EXPECT_THAT(Tokens("#boycott_acme #3M #1 #_ $100 $TOOLONGTICKER"),
              ElementsAre("#boycott_acme", "#3m", "1", "100", "toolongticker"));
  EXPECT_THAT(Tokens("info@united.com a#b x$ual"), ElementsAre("info", "united", "com", "a", "b", "x", "ual"));
  EXPECT_THAT(Tokens("@united.bsky.social @user@host.tld"),
              ElementsAre("@united", "bsky", "social", "@user", "host", "tld"));
  EXPECT_THAT(Tokens("#a#b こんにちは@unitedさん #united✈"),
              ElementsAre("#a", "#b", "こ", "ん", "に", "ち", "は", "@united", "さ", "ん", "#united", "✈"));
  EXPECT_THAT(Tokens("#東京Olympics2020!"), ElementsAre("#東京olympics2020"));
}

// A space behind a word has a quick way of its own; a line break has not.
TEST(TokenizerTest, ASpaceCutsAsAnyOtherBreakDoes) {
  std::mt19937_64 random(20261123);
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (uint64_t pieces = random() % 12; pieces > 0; --pieces) {
      constexpr std::string_view kPieces[] = {"a",      "Word", "_",        "#", "@", "$", "&amp;",
                                              "\u00e9", "www.", "http://x", " ", " ", " "};
      text += kPieces[random() % std::size(kPieces)];
    }
    std::string lines = text;
    std::ranges::replace(lines, ' ', '\n');
    ASSERT_EQ(Tokens(text), Tokens(lines)) << text;
  }
}

TEST(TokenizerTest, UrlsAreNoWords) {
  EXPECT_THAT(Tokens("see https://t.co/AbC. (WWW.example.com/a_b) now"), ElementsAre("see", "<url>", "<url>", "now"));
  EXPECT_THAT(Tokens("https://t.co/xを見て http:// www. united.com"),
              ElementsAre("<url>", "を", "見", "て", "http", "www", "united", "com"));
}

TEST(TokenizerTest, GivesThePartsOfUrlsAndTagsWhenAsked) {
  Tokenizer tokenizer;
  tokenizer.Reset({.tag_pieces = true, .url_pieces = true});
  tokenizer.AddText("#BoycottAcmeNow https://u:p@News.Example.com:80/Acme_recall?x=1");
  tokenizer.AddUrl("acme.org");
  tokenizer.Finish();
  EXPECT_THAT(Describe(tokenizer),
              ElementsAre("#boycottacmenow", "<url>", "|", "|", "tag:boycott", "tag:acme", "tag:now", "|", "url:u",
                          "url:p", "url:news", "url:example", "url:com", "url:80", "url:acme", "url:recall", "url:x",
                          "url:1", "site:news.example.com", "site:example.com", "site:com", "|", "url:acme", "url:org",
                          "site:acme.org", "site:org", "|"));
}

TEST(TokenizerTest, CutsCamelCaseTags) {
  const auto pieces = [](std::string_view tag) {
    Tokenizer tokenizer;
    tokenizer.Reset({.tag_pieces = true});
    tokenizer.AddEntity('#', tag);
    tokenizer.Finish();
    std::vector<std::string> found;
    for (const Token& token : tokenizer.tokens()) {
      if (token.kind == TokenKind::kTagPiece) found.emplace_back(tokenizer.Folded(token));
    }
    return found;
  };
  EXPECT_THAT(pieces("BoycottAcmeNow"), ElementsAre("boycott", "acme", "now"));
  EXPECT_THAT(pieces("boycott_acme"), ElementsAre("boycott", "acme"));
  EXPECT_THAT(pieces("HPPrinter"), ElementsAre("hp", "printer"));
  EXPECT_THAT(pieces("PS5"), ElementsAre("ps5"));
  EXPECT_THAT(pieces("Boycott3MNow"), ElementsAre("boycott", "3m", "now"));
  EXPECT_THAT(pieces("iPhone6SPlus"), ElementsAre("i", "phone", "6s", "plus"));
  EXPECT_THAT(pieces("Acme2024Now"), ElementsAre("acme", "2024", "now"));
  EXPECT_THAT(pieces("E\u0301coleNationale"), ElementsAre("ecole", "nationale"));
  EXPECT_THAT(pieces("boycottacme"), ElementsAre("boycottacme"));
}

TEST(TokenizerTest, BytesThatAreNotUtf8EndWordsAndNothingElse) {
  EXPECT_THAT(Tokens("uni\xFFted \xC3 \xE2\x82 x\xF0\x9F\x98"), ElementsAre("uni", "ted", "x"));
  EXPECT_THAT(Tokens(""), IsEmpty());
}

TEST(TokenizerTest, FoldingTwiceIsFoldingOnce) {
  const FoldTable& table = FoldTable::Get();
  for (char32_t code_point = 0; code_point < 0x20000; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    const FoldTable::Entry& entry = table.Find(code_point);
    if (entry.char_class == CharClass::kBreak || entry.char_class == CharClass::kIgnored) continue;
    std::string itself;
    AppendUtf8(code_point, &itself);
    const std::string folded(table.Folded(entry, itself));
    std::string again;
    const char* position = folded.data();
    while (position < folded.data() + folded.size()) {
      const char* const start = position;
      const FoldTable::Entry& part = table.Find(NextCodePoint(&position, folded.data() + folded.size()));
      const std::string_view source(start, static_cast<size_t>(position - start));
      const bool kept = part.char_class == CharClass::kBreak || part.char_class == CharClass::kIgnored;
      absl::StrAppend(&again, kept ? source : table.Folded(part, source));
    }
    ASSERT_EQ(again, folded) << std::hex << static_cast<uint32_t>(code_point);
  }
}

// Goal: no input writes past a buffer or hangs. Method: random bytes and code points; the sanitizers watch.
TEST(TokenizerTest, SurvivesRandomBytes) {
  std::mt19937_64 rng(7);
  Tokenizer tokenizer;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const size_t size = rng() % 60;
    while (text.size() < size) {
      switch (rng() % 4) {
        case 0:
          text.push_back(static_cast<char>(rng()));
          break;
        case 1:
          text.push_back("#@$&_ hwtp:/.aA1"[rng() % 16]);
          break;
        case 2:
          AppendUtf8(static_cast<char32_t>(rng() % 0x3000), &text);
          break;
        default:
          text.append("\uFDFA");
          break;  // the longest fold of all
      }
    }
    tokenizer.Reset({.tag_pieces = true, .url_pieces = true});
    tokenizer.AddText(text);
    tokenizer.AddEntity('#', text);
    tokenizer.AddEntity('@', text);
    tokenizer.AddUrl(text);
    tokenizer.AddAuthor(text);
    tokenizer.Finish();
    ASSERT_EQ(tokenizer.tokens().back().kind, TokenKind::kBarrier);
  }
}

TEST(TokenizerTest, CopiesOfATextHaveOneFingerprint) {
  const uint64_t original = Fingerprint("Never flying United again! #fail");
  EXPECT_EQ(Fingerprint("RT @joe: never flying UNITED again #Fail https://t.co/x1"), original);
  EXPECT_EQ(Fingerprint("@ann @bob Never flying, United again... #fail http://t.co/y2"), original);
  EXPECT_NE(Fingerprint("Never flying United again!"), original);
  EXPECT_NE(Fingerprint("flying Never United again! #fail"), original);
  EXPECT_NE(Fingerprint("Never flying Delta again! #fail"), original);
  EXPECT_EQ(Fingerprint("@joe"), Fingerprint(""));
}

TEST(FoldTest, HandlesAreComparedFoldedWithTheirPunctuation) {
  EXPECT_EQ(FoldHandle("@United.Bsky.Social"), "united.bsky.social");
  EXPECT_EQ(FoldHandle("Café_1-x"), "cafe_1-x");
  // ASCII has a quick way of its own: whatever comes out must be what the table says, to which the accent leads.
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string ascii(1, static_cast<char>(byte));
    EXPECT_EQ(FoldHandle(ascii + "é"), FoldHandle(ascii) + "e") << byte;
    EXPECT_EQ(FoldHandle("é" + ascii), "e" + FoldHandle("x" + ascii).substr(1)) << byte;
    const std::string longer = "somebody_" + ascii + "_Or_Other";
    EXPECT_EQ(FoldHandle(longer + "é"), FoldHandle(longer) + "e") << byte;
  }
  for (size_t size = 1; size < 30; ++size) {
    for (size_t at = 0; at <= size; ++at) {
      std::string name(size, 'X');
      name.insert(at, "é");
      std::string expected(size, 'x');
      EXPECT_EQ(FoldHandle(name), expected.insert(at, "e"));
    }
  }
  std::mt19937_64 random(20261123);
  for (size_t size = 0; size <= 40; ++size) {
    std::string ascii(size, '\0');
    for (char& c : ascii) c = static_cast<char>(random() % 0x80);
    EXPECT_EQ(FoldHandle(ascii + "é"), FoldHandle(ascii) + "e") << ascii;
  }
  EXPECT_EQ(FoldHandle("@"), "");
  EXPECT_EQ(FoldHandle("a\xCD\xCD\x91\x91-b"), "a\uFFFD\uFFFD-b")
      << "U+0351 is dropped; its neighbours make no new one";
}

uint32_t Terms(std::string_view text, std::string_view language = "") {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  tokenizer.AddText(text);
  tokenizer.Finish();
  const int code = language.size() == 2 ? language[0] << 8 | language[1] : 0;
  return Lexicon::Get().Terms(tokenizer, static_cast<uint16_t>(code));
}

TEST(LexiconTest, FindsEachClassInEachLanguage) {
  const std::vector<std::pair<uint32_t, std::vector<std::string>>> cases = {
      {kSafetyTerm,
       {"two people INJURED", "clients à l'hôpital", "tre feriti gravi", "drei Verletzte", "hay dos heridos"}},
      {kBreachTerm,
       {"massive data breach", "fuite de données: piratage", "fuga dati clienti", "ein Datenleck", "robo datos"}},
      {kCallToAction, {"Boycott them", "boycottez cette marque", "boicottate tutti", "Boykott jetzt", "boicot ya"}},
      {kAngerTerm, {"this is DISGUSTING", "quelle honte", "che vergogna", "eine Unverschämtheit", "qué vergüenza"}},
      {kServiceTerm,
       {"flight cancelled", "toujours en panne", "treno in ritardo", "schon wieder Ausfall", "otro retraso"}},
      {kResponsibilityTerm,
       {"they KNEW and it is their fault", "les responsables doivent payer", "è colpa vostra", "grob fahrlässig",
        "la culpa es de ellos"}},
      {kSocialTerm,
       {"such a TONE-DEAF advert", "pub choquante", "spot di cattivo gusto", "eine geschmacklose Werbung",
        "qué anuncio tan ofensivo", "campanha insensível"}},
      {kCommunicationTerm,
       {"they blocked me", "toujours sans réponse", "nessuna risposta da giorni", "seit Tagen keine Antwort",
        "siguen sin respuesta", "apagam comentários"}},
      {kRumourTerm,
       {"this is Fake News", "une rumeur de plus", "è una bufala", "nur ein Gerücht", "es un bulo", "perfis falsos"}},
      {kMisconductTerm, {"racist staff", "c'est une arnaque", "è una truffa", "reiner Betrug", "menuda estafa"}},
  };
  for (const auto& [term, texts] : cases) {
    for (const std::string& text : texts) EXPECT_NE(Terms(text) & term, 0u) << text;
  }
  EXPECT_EQ(Terms("lovely flight with a friendly crew, merci, grazie, danke, gracias"), 0u);
}

TEST(LexiconTest, FindsTheFirstPersonInTheTextsOwnLanguage) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"en", {"I am stuck", "they lost my bag", "I've had it", "why ME?"}},
      {"fr", {"j'attends", "mon vol", "c'est pour moi", "ils m'ont menti", "Ma valise"}},
      {"it", {"mi hanno mentito", "la mia valigia", "io no"}},
      {"de", {"ich warte", "mein Koffer", "sagt mir keiner"}},
      {"es", {"me mintieron", "mi maleta", "yo no"}},
      {"pt", {"me mentiram", "minha mala", "eu não"}},
  };
  for (const auto& [language, texts] : cases) {
    for (const std::string& text : texts) {
      EXPECT_EQ(Terms(text, language), uint32_t{kFirstPersonTerm}) << text;
      EXPECT_EQ(Terms(text, "sv"), 0u) << text;
      EXPECT_EQ(Terms(text), 0u) << text;
    }
  }
  EXPECT_EQ(Terms("i treni, ma non tutti", "it"), 0u) << "the English and the French would mean themselves";
  EXPECT_EQ(Terms("el mes de mayo", "es"), 0u);
}

TEST(LexiconTest, FindsPairsAndHashtags) {
  EXPECT_EQ(Terms("the data was fine, a breach of etiquette it was not"), uint32_t{kBreachTerm});
  EXPECT_EQ(Terms("never again"), uint32_t{kCallToAction});
  EXPECT_EQ(Terms("never, ever again"), 0u);
  EXPECT_EQ(Terms("#NeverAgain"), uint32_t{kCallToAction});
  EXPECT_EQ(Terms("#boycott"), uint32_t{kCallToAction});
  EXPECT_EQ(Terms("@boycott https://boycott.org"), 0u);
}

}  // namespace
}  // namespace tocsin
