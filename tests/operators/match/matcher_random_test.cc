// The compiled matcher against the naive one on random watchlists and posts.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "operators/match/matcher.h"
#include "tests/operators/match/naive_query.h"
#include "tests/rounds.h"

namespace tocsin {
namespace {

struct Entry {
  std::string folded;  // decomposed, as the docs say
  std::vector<std::string> forms;
  bool ideograph = false;
};

const std::vector<Entry>& Vocabulary() {
  static const auto* const vocabulary = new std::vector<Entry>{
      {"united", {"united", "United", "UNITED", "Unit\u00ADed"}},
      {"airlines", {"airlines", "Airlines", "ＡＩＲＬＩＮＥＳ"}},
      {"oreal", {"Oréal", "ORÉAL", "ore\u0301al", "oreal"}},
      {"strasse", {"straße", "STRASSE", "Strasse"}},
      {"smorrebrod", {"smørrebrød", "SMØRREBRØD", "smorrebrod"}},
      {"uber", {"Über", "über", "uber", "u\u0308ber"}},
      {"plus", {"plus", "Plus", "𝐩𝐥𝐮𝐬"}},
      {"plush", {"plush", "PLUSH"}},
      {"6s", {"6s", "6S"}},
      {"3m", {"3M", "3m"}},
      {"max", {"max", "Max"}},
      {"a", {"a", "A", "à"}},
      {"москва", {"москва", "МОСКВА", "Москва"}},
      {"ελλας", {"Ελλάς", "ΕΛΛΆΣ", "ελλας"}},
      {"محمد", {"محمد", "مُحَمَّد"}},
      {"東", {"東"}, true},
      {"京", {"京"}, true},
      {"\u304B\u3099", {"が", "か\u3099"}, true},
      {"\u304B", {"か"}, true},
      {"\u30AB", {"カ", "ｶ"}, true},
      {"😀", {"😀"}, true},
      {"the", {"the", "The", "THE"}},
      {"flight", {"flight", "Flight", "ﬂight"}},
  };
  return *vocabulary;
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : rng_(seed) {}

  naive::Brand MakeBrand() {
    naive::Brand brand;
    do {
      brand.query = MakeTree(static_cast<int>(Below(4)));
    } while (!IsAnchored(brand.query));
    if (Chance(30)) {
      naive::Tree root;
      root.op = naive::Op::kOr;
      root.children = {MakePhrase(), std::move(brand.query)};
      brand.query = std::move(root);
    }
    brand.topic = Chance(15);
    return brand;
  }

  naive::Post MakePost() {
    naive::Post post;
    const size_t size = Below(24);
    for (size_t i = 0; i < size; ++i) post.words.push_back(MakeWord());
    while (Chance(20)) {
      naive::Word word = MakeWord();
      if (word.kind == '#' || word.kind == '@') post.apart.push_back(word);
    }
    post.language = Pick({"en", "fr", "pt-br", "ja"});
    post.network = Pick({"twitter", "review", "reddit"});
    post.kind = Pick({"original", "repost", "reply", "quote"});
    post.rating = static_cast<int>(Below(6));
    return post;
  }

  std::string Render(const naive::Post& post) {
    std::string text = Pick({"", "", " ", "... "});
    bool glue = false;
    for (size_t i = 0; i < post.words.size(); ++i) {
      const naive::Word& word = post.words[i];
      const bool ideograph = word.kind == 'w' && IsIdeograph(word);
      if (i > 0 && !(glue && ideograph && Chance(70))) {
        absl::StrAppend(&text, Pick({" ", " ", " ", ", ", "! ", " - ", "\n", " &amp; ", " ™ ", "\u3000", " (", ") "}));
      }
      absl::StrAppend(&text, word.kind == 'w' ? "" : std::string(1, word.kind), word.form);
      glue = ideograph;
    }
    return text;
  }

  static std::string Print(const naive::Tree& tree);
  std::map<naive::Op, int> ops;

 private:
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(rng_); }
  bool Chance(size_t percent) { return Below(100) < percent; }
  std::string Pick(std::vector<std::string> choices) { return choices[Below(choices.size())]; }

  static bool IsIdeograph(const naive::Word& word) {
    for (const Entry& entry : Vocabulary()) {
      if (entry.folded == word.folded) return entry.ideograph;
    }
    return false;
  }

  naive::Word MakeWord() {
    // Squared: some words are in most posts, some in few.
    const double u = std::uniform_real_distribution<double>(0, 1)(rng_);
    const Entry& entry = Vocabulary()[static_cast<size_t>(u * u * static_cast<double>(Vocabulary().size()))];
    const size_t kind = Below(100);
    if (kind < 8 && entry.folded != "6s" && entry.folded != "😀") return {'#', entry.folded, Pick(entry.forms)};
    if (kind < 16 && entry.folded != "6s") {
      const std::string name = Pick({"united", "Delta_1", "3M"});
      return {'@', name == "united" ? "united" : name == "3M" ? "3m" : "delta_1", name};
    }
    if (kind < 19) return {'$', "ual", Pick({"UAL", "ual"})};
    return {'w', entry.folded, Pick(entry.forms)};
  }

  naive::Tree MakePhrase() {
    naive::Tree literal;
    const size_t size = 1 + Below(3) * Below(2) + Below(2);
    for (size_t i = 0; i < size; ++i) {
      naive::Word word = MakeWord();
      if (Chance(90)) word = {'w', Vocabulary()[Below(Vocabulary().size())].folded, ""};
      if (word.form.empty()) word.form = word.folded;
      literal.words.push_back(word);
    }
    return literal;
  }

  naive::Tree MakeLiteral() {
    naive::Tree literal = MakePhrase();
    const size_t kind = Below(10);
    if (kind == 0) {
      literal.case_sensitive = true;
      literal.words.resize(1);
      literal.words[0] = MakeWord();
    } else if (kind == 1) {
      literal.prefix = true;
      const std::string start = Pick({"un", "pl", "plus", "мос", "or"});
      literal.words = {{Chance(20) ? '#' : 'w', start, start}};
    } else if (kind < 5) {
      literal.words = {MakeWord()};
    }
    return literal;
  }

  naive::Tree MakeSide() {
    if (Chance(60)) return MakeLiteral();
    naive::Tree side;
    side.op = naive::Op::kOr;
    side.children = {MakeLiteral(), MakeLiteral(), MakeLiteral()};
    return side;
  }

  naive::Tree MakeField() {
    naive::Tree field;
    switch (Below(4)) {
      case 0:
        field.op = naive::Op::kLanguage;
        field.value = Pick({"en", "pt", "pt-br"});
        break;
      case 1:
        field.op = naive::Op::kNetwork;
        field.value = Pick({"twitter", "review"});
        break;
      case 2:
        field.op = naive::Op::kKind;
        field.value = Pick({"original", "repost", "reply", "quote"});
        break;
      default:
        field.op = naive::Op::kRating;
        field.low = 1 + static_cast<int>(Below(5));
        field.high = field.low + static_cast<int>(Below(static_cast<size_t>(6 - field.low)));
    }
    return field;
  }

  naive::Tree MakeTree(int depth) {
    const size_t kind = Below(100);
    if (depth == 0 || kind < 10) return Chance(85) ? MakeLiteral() : MakeField();
    naive::Tree tree;
    size_t children = 2 + Below(2);
    if (kind < 45) {
      tree.op = naive::Op::kOr;
      children = 2 + Below(4);
    } else if (kind < 65) {
      tree.op = naive::Op::kAnd;
    } else if (kind < 80) {
      tree.op = naive::Op::kNear;
      tree.distance = 1 + static_cast<int>(Below(8));
      tree.ordered = Chance(50);
      tree.children = {MakeSide(), MakeSide()};
      return tree;
    } else {
      tree.op = naive::Op::kAnd;
      naive::Tree no;
      no.op = naive::Op::kNot;
      no.children = {MakeTree(depth - 1)};
      tree.children = {MakeTree(depth - 1), no};
      return tree;
    }
    for (size_t i = 0; i < children; ++i) tree.children.push_back(MakeTree(depth - 1));
    return tree;
  }

  static bool IsAnchored(const naive::Tree& tree) {
    switch (tree.op) {
      case naive::Op::kLiteral:
      case naive::Op::kNear:
        return true;
      case naive::Op::kAnd:
        return std::any_of(tree.children.begin(), tree.children.end(), IsAnchored);
      case naive::Op::kOr:
        return std::all_of(tree.children.begin(), tree.children.end(), IsAnchored);
      default:
        return false;
    }
  }

  std::mt19937_64 rng_;
};

std::string Generator::Print(const naive::Tree& tree) {
  const auto group = [](const naive::Tree& child) {
    return child.op == naive::Op::kLiteral ? Print(child) : absl::StrCat("(", Print(child), ")");
  };
  switch (tree.op) {
    case naive::Op::kAnd:
    case naive::Op::kOr: {
      std::vector<std::string> parts;
      for (const naive::Tree& child : tree.children) parts.push_back(group(child));
      return absl::StrJoin(parts, tree.op == naive::Op::kOr ? " OR " : parts.size() == 2 ? " " : " AND ");
    }
    case naive::Op::kNot:
      return absl::StrCat("NOT ", group(tree.children[0]));
    case naive::Op::kNear:
      return absl::StrCat(group(tree.children[0]), tree.ordered ? " ONEAR/" : " NEAR/", tree.distance, " ",
                          group(tree.children[1]));
    case naive::Op::kLanguage:
      return absl::StrCat("lang:", tree.value);
    case naive::Op::kNetwork:
      return absl::StrCat("network:", tree.value);
    case naive::Op::kKind:
      return absl::StrCat("is:", tree.value);
    case naive::Op::kRating:
      return absl::StrCat("rating:", tree.low, "..", tree.high);
    case naive::Op::kLiteral:
      break;
  }
  std::string text;
  for (const naive::Word& word : tree.words) {
    absl::StrAppend(&text, text.empty() ? "" : " ", word.kind == 'w' ? "" : std::string(1, word.kind), word.form);
  }
  if (tree.prefix) return absl::StrCat(text, "*");
  return tree.case_sensitive ? absl::StrCat("{", text, "}") : absl::StrCat("\"", text, "\"");
}

void CountOps(const naive::Tree& tree, int pairs, std::map<naive::Op, int>* counts) {
  (*counts)[tree.op] += pairs;
  for (const naive::Tree& child : tree.children) CountOps(child, pairs, counts);
}

// A post as the engine gets it, and the strings that it borrows.
struct EnginePost {
  std::string text;
  std::vector<std::string_view> hashtags;
  std::vector<std::string_view> handles;
  Post post;

  EnginePost(const naive::Post& from, std::string rendered) : text(std::move(rendered)) {
    for (const naive::Word& word : from.apart) (word.kind == '#' ? hashtags : handles).push_back(word.form);
    post.text = text;
    post.hashtags = hashtags;
    post.handles = handles;
    post.language = from.language;
    post.network = NetworkFromName(from.network);
    post.kind = from.kind == "repost"  ? PostKind::kRepost
                : from.kind == "reply" ? PostKind::kReply
                : from.kind == "quote" ? PostKind::kQuote
                                       : PostKind::kOriginal;
    post.rating = from.rating;
  }
};

constexpr size_t kRounds = Rounds(200, 30);
constexpr size_t kBrands = 50;
constexpr size_t kPosts = 100;

// Goal: the compiled matcher does what the grammar says, whatever the query.
// Method: 1,000,000 (query, post) pairs (150,000 under a sanitizer); queries and posts are made as trees and lists of
// words, printed with random case, accents and separators, and evaluated by both.
TEST(MatcherRandomTest, AgreesWithTheNaiveEvaluatorOnRandomQueriesAndPosts) {
  std::map<naive::Op, int> ops;
  size_t matched_pairs = 0;
  MatchScratch scratch;  // one for all watchlists, as after reloads
  for (size_t round = 0; round < kRounds; ++round) {
    Generator generator(round);
    std::vector<naive::Brand> brands;
    std::vector<QueryNode> queries(kBrands);
    std::vector<Matcher::Source> sources;
    for (size_t i = 0; i < kBrands; ++i) {
      brands.push_back(generator.MakeBrand());
      const std::string text = Generator::Print(brands[i].query);
      QueryError error;
      ASSERT_TRUE(ParseQuery(text, &queries[i], &error)) << ExplainQueryError(text, error);
      const std::string canonical = PrintQuery(queries[i]);
      if (round % 2 == 1) {
        // What is printed must mean the same; every other round runs on it.
        ASSERT_TRUE(ParseQuery(canonical, &queries[i], &error)) << text << "\n" << ExplainQueryError(canonical, error);
        ASSERT_EQ(PrintQuery(queries[i]), canonical) << text;
      }
      CountOps(brands[i].query, kPosts, &ops);
    }
    for (size_t i = 0; i < kBrands; ++i) sources.push_back({&queries[i], {}, brands[i].topic});
    const Matcher matcher(sources);
    std::vector<BrandMatch> matches;
    for (size_t p = 0; p < kPosts; ++p) {
      const naive::Post post = generator.MakePost();
      const EnginePost engine_post(post, generator.Render(post));
      matcher.Match(engine_post.post, &scratch, &matches);
      std::vector<bool> found(kBrands);
      for (const BrandMatch& match : matches) found[match.brand] = true;
      const std::vector<bool> expected = naive::Match(brands, post);
      for (size_t i = 0; i < kBrands; ++i) {
        matched_pairs += expected[i] ? 1u : 0u;
        ASSERT_EQ(found[i], expected[i]) << "round " << round << "\nquery " << Generator::Print(brands[i].query)
                                         << "\ntext  " << engine_post.text;
      }
    }
  }
  constexpr size_t kPairs = kRounds * kBrands * kPosts;
  EXPECT_GT(matched_pairs, kPairs / 5);
  EXPECT_LT(matched_pairs, kPairs * 4 / 5);
  for (const naive::Op op : {naive::Op::kAnd, naive::Op::kOr, naive::Op::kNot, naive::Op::kNear, naive::Op::kLiteral,
                             naive::Op::kLanguage, naive::Op::kNetwork, naive::Op::kKind, naive::Op::kRating}) {
    EXPECT_GE(ops[op], Rounds(10'000, 1'500)) << static_cast<int>(op);
  }
}

}  // namespace
}  // namespace tocsin
