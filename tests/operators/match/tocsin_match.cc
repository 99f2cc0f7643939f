// The matcher as a command, for the comparison with the oracle in another language (compare_with_oracle.py).
//
//   tocsin-match WATCHLIST POSTS   one post a line: text, hashtags, handles, urls, author, language, network, kind,
//   rating,
//                                  separated by tabs; all but the last three in hex, lists separated by commas.
//                                  Prints a line each: brands (id:reasons:ambiguity), a tab, brands it officially
//                                  speaks for, a tab, fingerprint.
//   tocsin-match --canonical WATCHLIST   the canonical text
//   tocsin-match --fold-table      class and fold of every code point
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "operators/match/fold.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"

namespace {

using tocsin::BrandMatch;
using tocsin::Post;

struct Record {
  std::string text;
  std::array<std::vector<std::string>, 3> lists;
  std::array<std::vector<std::string_view>, 3> views;
  std::string author;
  std::string language;
  Post post;
};

std::string Unhex(std::string_view hex) {
  std::string bytes;
  return absl::HexStringToBytes(hex, &bytes) ? bytes : "";
}

tocsin::PostKind KindFrom(std::string_view name) {
  if (name == "repost") return tocsin::PostKind::kRepost;
  if (name == "reply") return tocsin::PostKind::kReply;
  return name == "quote" ? tocsin::PostKind::kQuote : tocsin::PostKind::kOriginal;
}

bool ReadRecord(const std::string& line, Record* record) {
  const std::vector<std::string_view> fields = absl::StrSplit(line, '\t');
  if (fields.size() != 9) return false;
  record->text = Unhex(fields[0]);
  for (size_t i = 0; i < 3; ++i) {
    record->lists[i].clear();
    record->views[i].clear();
    for (const std::string_view item : absl::StrSplit(fields[i + 1], ',', absl::SkipEmpty())) {
      record->lists[i].push_back(Unhex(item));
    }
    for (const std::string& item : record->lists[i]) record->views[i].push_back(item);
  }
  record->author = Unhex(fields[4]);
  record->language = Unhex(fields[5]);
  Post& post = record->post;
  post.text = record->text;
  post.hashtags = record->views[0];
  post.handles = record->views[1];
  post.urls = record->views[2];
  post.author_handle = record->author;
  post.language = record->language;
  post.network = tocsin::NetworkFromName(fields[6]);
  post.kind = KindFrom(fields[7]);
  return absl::SimpleAtoi(fields[8], &post.rating);
}

int PrintFoldTable() {
  const tocsin::FoldTable& table = tocsin::FoldTable::Get();
  static constexpr std::string_view kClasses = "BWISM-";
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    const tocsin::FoldTable::Entry& entry = table.Find(code_point);
    std::string itself;
    tocsin::AppendUtf8(code_point, &itself);
    const bool dropped =
        entry.char_class == tocsin::CharClass::kBreak || entry.char_class == tocsin::CharClass::kIgnored;
    std::cout << kClasses[static_cast<size_t>(entry.char_class)] << static_cast<int>(entry.letter_case) << ' '
              << (dropped ? "" : absl::BytesToHexString(table.Folded(entry, itself))) << '\n';
  }
  return 0;
}

// Null, after printing why, if it is a bad one.
std::shared_ptr<const tocsin::Watchlist> Load(const char* file) {
  std::ifstream yaml(file);
  std::stringstream buffer;
  buffer << yaml.rdbuf();
  const auto watchlist = tocsin::Watchlist::Parse(buffer.str(), file);
  if (watchlist.ok()) return *watchlist;
  std::cerr << watchlist.status().message() << '\n';
  return nullptr;
}

int PrintCanonical(const char* watchlist_file) {
  const auto watchlist = Load(watchlist_file);
  if (watchlist == nullptr) return 2;
  std::cout << watchlist->canonical_text();
  return 0;
}

int Run(const char* watchlist_file, const char* posts_file) {
  const auto watchlist = Load(watchlist_file);
  if (watchlist == nullptr) return 2;
  std::ifstream posts(posts_file);
  tocsin::MatchScratch scratch;
  std::vector<BrandMatch> matches;
  Record record;
  std::string line;
  while (std::getline(posts, line)) {
    if (!ReadRecord(line, &record)) {
      std::cerr << "bad line: " << line << '\n';
      return 2;
    }
    watchlist->Match(record.post, &scratch, &matches);
    std::string ids;
    std::string official;
    for (const BrandMatch& match : matches) {
      const std::string& id = watchlist->brands()[match.brand].id;
      if (match.official) absl::StrAppend(&official, official.empty() ? "" : " ", id);
      if (match.reasons == 0) continue;
      absl::StrAppend(&ids, ids.empty() ? "" : " ", id, ":", match.reasons, ":", match.ambiguity);
    }
    std::cout << ids << '\t' << official << '\t' << absl::StrCat(absl::Hex(scratch.TextFingerprint())) << '\n';
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  if (argc == 2 && std::string_view(argv[1]) == "--fold-table") return PrintFoldTable();
  if (argc == 3 && std::string_view(argv[1]) == "--canonical") return PrintCanonical(argv[2]);
  if (argc == 3) return Run(argv[1], argv[2]);
  std::cerr << "usage: tocsin-match WATCHLIST POSTS | --canonical WATCHLIST | --fold-table\n";
  return 2;
}
