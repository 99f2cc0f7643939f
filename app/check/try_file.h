// What a watchlist matches in a file of posts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "app/pipeline/settings.h"
#include "app/worker/worker_metrics.h"
#include "operators/mention/mention.h"
#include "operators/parse/post.h"

namespace tocsin {

struct TriedBrand {
  int64_t mentions = 0;
  int64_t official = 0;   // posts by its own accounts
  int64_t ambiguous = 0;  // of the mentions: by names that are also words, and little tells what is meant
  std::array<int64_t, kMatchReasonBits> by_reason{};  // mentions by the kinds of terms that held; one may have several
  std::vector<std::string> examples;                  // texts, on one line, cut; the first ones that differ
};

struct TriedFile {
  int64_t records = 0;
  int64_t matched = 0;  // posts with at least one mention
  int64_t unmatched = 0;
  int64_t official = 0;  // posts that are only an official account's
  std::array<int64_t, kDropReasons> dead{};
  std::vector<TriedBrand> brands;  // as in the watchlist
};

// Reads the posts of `path` ("-": standard input; plain, gzip or zstd lines) as the source of `topic` would.
// NotFound and DataLoss name the file. REQUIRES: a source has that topic.
absl::StatusOr<TriedFile> TryFile(const PipelineSettings& settings, const std::string& topic, const std::string& path,
                                  size_t examples_max);

// From this share of the posts on a query is said to match nearly everything.
inline constexpr double kNearlyEverything = 0.5;

// The report for people: totals, brands by mentions, queries that match nothing or nearly everything.
std::string RenderTriedFile(const TriedFile& tried, const Watchlist& watchlist);

}  // namespace tocsin
