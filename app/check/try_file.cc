#include "app/check/try_file.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/log/file/file_log.h"
#include "operators/match/matcher.h"
#include "operators/parse/post_parser.h"

namespace tocsin {
namespace {

constexpr size_t kExampleBytesMax = 100;
constexpr size_t kSilentBrandsShown = 20;

class FromTheBeginning : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    return std::vector<StartPosition>(partitions.size());
  }
  void OnRevoked(bool) override {}
};

// On one line, cut at a character's border.
std::string Example(std::string_view text) {
  std::string line(text.substr(0, kExampleBytesMax));
  if (text.size() > line.size()) {
    while (!line.empty() && (text[line.size()] & 0xC0) == 0x80) line.pop_back();
    line.append("...");
  }
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
  }
  return line;
}

const IngestSource& SourceOf(const PipelineSettings& settings, const std::string& topic) {
  const auto found = std::find_if(
      settings.ingest.sources.begin(), settings.ingest.sources.end(), [&topic](const IngestSource& source) {
        return std::find(source.topics.begin(), source.topics.end(), topic) != source.topics.end();
      });
  CHECK(found != settings.ingest.sources.end()) << "no source has the topic " << topic;
  return *found;
}

class Trial {
 public:
  Trial(const PipelineSettings& settings, const IngestSource& source, size_t examples_max)
      : watchlist_(*settings.watchlist), parser_(source.mapping, source.parser), examples_max_(examples_max) {
    tried_.brands.resize(watchlist_.brands().size());
  }

  void Add(std::string_view record) {
    ++tried_.records;
    Post post;
    const DropReason reason = parser_.Parse(record, kRecordPadding, kNoAppendTime, &post);
    if (reason == DropReason::kNotAPost) {
      ++tried_.unmatched;
      return;
    }
    if (reason != DropReason::kNone) {
      ++tried_.dead[static_cast<size_t>(reason)];
      return;
    }
    watchlist_.Match(post, &scratch_, &matches_);
    bool mentioned = false;
    for (const BrandMatch& match : matches_) {
      TriedBrand& brand = tried_.brands[match.brand];
      if (match.official) {
        ++brand.official;
        continue;
      }
      mentioned = true;
      ++brand.mentions;
      if (match.ambiguity > 0) ++brand.ambiguous;
      for (size_t bit = 0; bit < kMatchReasonBits; ++bit) brand.by_reason[bit] += match.reasons >> bit & 1;
      if (brand.examples.size() >= examples_max_) continue;
      std::string example = Example(post.text);
      if (match.ambiguity > 0) absl::StrAppend(&example, " [ambiguous: ", match.ambiguity, " %]");
      if (std::find(brand.examples.begin(), brand.examples.end(), example) == brand.examples.end()) {
        brand.examples.push_back(std::move(example));
      }
    }
    ++(mentioned ? tried_.matched : matches_.empty() ? tried_.unmatched : tried_.official);
  }

  TriedFile Take() { return std::move(tried_); }

 private:
  const Watchlist& watchlist_;
  PostParser parser_;
  const size_t examples_max_;
  MatchScratch scratch_;
  std::vector<BrandMatch> matches_;
  TriedFile tried_;
};

std::string Ids(const std::vector<size_t>& brands, const Watchlist& watchlist) {
  const size_t shown = std::min(brands.size(), kSilentBrandsShown);
  std::string text = absl::StrJoin(brands.begin(), brands.begin() + static_cast<ptrdiff_t>(shown), ", ",
                                   [&](std::string* out, size_t i) { out->append(watchlist.brands()[i].id); });
  if (shown < brands.size()) absl::StrAppend(&text, " and ", brands.size() - shown, " more");
  return text;
}

}  // namespace

absl::StatusOr<TriedFile> TryFile(const PipelineSettings& settings, const std::string& topic, const std::string& path,
                                  size_t examples_max) {
  absl::StatusOr<std::unique_ptr<FileLog>> log = FileLog::Create({{topic, path}});
  if (!log.ok()) return log.status();
  absl::StatusOr<std::unique_ptr<GroupReader>> reader = (*log)->OpenGroupReader({"check", "", {topic}});
  if (!reader.ok()) return reader.status();
  Trial trial(settings, SourceOf(settings, topic), examples_max);
  FromTheBeginning listener;
  std::vector<RecordBatch> batches;
  for (bool at_end = false; !at_end;) {
    if (absl::Status status = (*reader)->Poll(absl::Seconds(1), listener, &batches); !status.ok()) return status;
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) trial.Add(record.value);
      at_end |= batch.end_of_partition;
    }
  }
  return trial.Take();
}

std::string RenderTriedFile(const TriedFile& tried, const Watchlist& watchlist) {
  const int64_t dead = std::accumulate(tried.dead.begin(), tried.dead.end(), int64_t{0});
  std::string out = absl::StrCat(tried.records, " records = ", tried.matched, " matched + ", tried.unmatched,
                                 " unmatched + ", dead, " dead + ", tried.official, " official\n");
  for (size_t i = 1; i < tried.dead.size(); ++i) {
    if (tried.dead[i] == 0) continue;
    absl::StrAppend(&out, "  dead: ", tried.dead[i], " ", DropReasonName(static_cast<DropReason>(i)), "\n");
  }
  std::vector<size_t> by_mentions(tried.brands.size());
  std::iota(by_mentions.begin(), by_mentions.end(), size_t{0});
  std::stable_sort(by_mentions.begin(), by_mentions.end(),
                   [&](size_t a, size_t b) { return tried.brands[a].mentions > tried.brands[b].mentions; });
  const int64_t posts = tried.records - dead;
  std::vector<size_t> silent;
  std::vector<size_t> everywhere;
  for (const size_t i : by_mentions) {
    const TriedBrand& brand = tried.brands[i];
    if (brand.mentions == 0) silent.push_back(i);
    if (brand.mentions == 0 && brand.official == 0) continue;
    const double share = posts == 0 ? 0 : static_cast<double>(brand.mentions) / static_cast<double>(posts);
    if (share >= kNearlyEverything) everywhere.push_back(i);
    absl::StrAppend(&out, watchlist.brands()[i].id, ": ", brand.mentions, " mentions",
                    absl::StrFormat(" (%.2f %%)", share * 100), ", ", brand.ambiguous, " ambiguous, ", brand.official,
                    " official posts\n");
    for (size_t bit = 0; bit < kMatchReasonBits; ++bit) {
      if (brand.by_reason[bit] == 0) continue;
      absl::StrAppend(&out, "    by ", kMatchReasonNames[bit], ": ", brand.by_reason[bit], "\n");
    }
    for (const std::string& example : brand.examples) absl::StrAppend(&out, "    ", example, "\n");
  }
  if (!everywhere.empty()) {
    absl::StrAppend(&out, "match nearly everything, so too much: ", Ids(everywhere, watchlist),
                    "; demand a word that only the brand has, or exclude with NOT\n");
  }
  if (!silent.empty()) {
    absl::StrAppend(&out, "match nothing in this file: ", Ids(silent, watchlist),
                    "; look at them with --explain if posts about them are in it\n");
  }
  return out;
}

}  // namespace tocsin
