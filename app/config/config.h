// The configuration of a deployment: one YAML file, with flags and the environment over it.
//
// Precedence: flag (`--set key=value`), environment (TOCSIN_...), file, default. Unknown keys are errors.
// docs/CONFIG.md lists every key with its default and unit, and is checked against the table that reads them. Plain
// values, immutable once loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "operators/detect/level_tests.h"
#include "operators/parse/mapping.h"

namespace tocsin {

struct SourceConfig {
  enum class Start : uint8_t { kEarliest, kLatest };
  std::vector<std::string> topics;
  std::string preset;                      // empty where `fields` is given
  FieldPointers fields;                    // of the preset or as given
  std::optional<Network> network;          // empty: the preset's, or other
  std::shared_ptr<const Mapping> mapping;  // compiled from preset or fields, and network
  Start start = Start::kLatest;
  absl::Duration out_of_orderness = absl::Seconds(2);
  absl::Duration max_drag = absl::Seconds(60);
  absl::Duration idle_after = absl::Seconds(5);
  bool schema_registry_prefix = false;
  int64_t max_record_bytes = int64_t{1} << 20;
};

struct WindowConfig {
  absl::Duration size;
  std::optional<absl::Duration> slide;  // of its own: counts only
};

struct Config {
  std::string path;  // of the file; relative paths in it are relative to it
  std::string deployment = "tocsin";
  std::vector<std::pair<std::string, std::string>> kafka;  // to librdkafka as they are, in the file's order
  std::vector<SourceConfig> sources;
  std::string watchlist;  // path, resolved
  struct Windows {
    absl::Duration pane = absl::Seconds(1);
    absl::Duration slide = absl::Seconds(5);
    std::vector<WindowConfig> sizes = {
        {absl::Seconds(60), {}}, {absl::Minutes(5), {}}, {absl::Minutes(15), {}}, {absl::Hours(1), {}}};
  } windows;
  struct Metrics {
    absl::Duration every = absl::Seconds(60);  // brand metrics of `run`
    std::string listen = "127.0.0.1:9464";     // host:port of /metrics and health; port 0: a free one; empty: none
    int32_t top_brands = 100;                  // whose gauges are exposed, beside `brands`
    std::vector<std::string> brands;           // ids whose gauges are always exposed
  } metrics;
  struct Sentiment {
    std::string model = "default";  // or a path, resolved
    std::string calibration;        // path; empty: none
  } sentiment;
  struct Privacy {
    enum class Texts : uint8_t { kFull, kMasked, kNone };
    std::string key_file;  // path; empty: the default key
    Texts texts = Texts::kFull;
  } privacy;
  bool ingest = true;  // roles
  bool detect = true;
  struct Workers {
    int32_t ingest = 1;
    int32_t detect = 1;
  } workers;
  struct Topics {
    std::string mentions = "tocsin.mentions";
    std::string brand_metrics = "tocsin.brand-metrics";
    std::string signals = "tocsin.signals";
    std::string incidents = "tocsin.incidents";
    std::string post_crisis = "tocsin.post-crisis";
    std::string dead_letters = "tocsin.dead-letters";
    std::string snapshots = "tocsin.snapshots";
    std::string config = "tocsin.config";
    std::string actions = "tocsin.actions";
    bool create = true;
    int32_t mentions_partitions = 16;
    int32_t replication = -1;  // -1: the cluster's default
  } topics;
  struct Flush {
    absl::Duration every = absl::Seconds(1);
    int64_t bytes = int64_t{512} << 10;
  } flush;
  struct Reload {
    absl::Duration every = absl::Seconds(2);    // between two looks at the files; zero: none
    absl::Duration margin = absl::Seconds(10);  // event time from publishing a change to its effect
  } reload;
  struct Snapshot {
    absl::Duration every = absl::Minutes(5);
  } snapshot;
  struct Limits {
    int64_t dead_letters_per_second = 1'000;
    int64_t queue_bytes = int64_t{6} << 20;   // fetched but not processed, per worker
    absl::Duration drain = absl::Minutes(1);  // of a stop; then the process ends as if killed
  } limits;
  struct Detection {
    double false_alarms = kFalseAlarms;  // in 1,000 brand-days
  } detection;
  struct Dedup {
    absl::Duration horizon = absl::Hours(1);
    int64_t max_entries = 4'000'000;  // per mentions partition
  } dedup;
  struct Log {
    bool json = false;
    std::string level = "info";  // debug, info, warning, error
  } log;
  bool stop_on_gap = false;  // on_gap: stop
};

struct ConfigSources {
  std::vector<std::string> set;                                             // key=value, dotted keys, in order
  std::function<std::optional<std::string>(std::string_view)> environment;  // empty: none
};

// InvalidArgument lists every error found, a line each: "file:line:column: what; what to do". NotFound: no such file.
absl::StatusOr<Config> LoadConfig(const std::string& path, const ConfigSources& sources = {});
// The same of a text; `path` names it in errors and is what relative paths are relative to.
absl::StatusOr<Config> ParseConfig(std::string_view yaml, const std::string& path, const ConfigSources& sources = {});

// The same, with what could be read in `*config` even after errors: for who wants to check further files that it names.
absl::Status ReadConfig(std::string_view yaml, const std::string& path, const ConfigSources& sources, Config* config);

// Everything that changes what is counted or decided, in one fixed form: equal for configurations that mean the same,
// whatever order, comments or units they were written in. Paths, hosts, secrets, thread counts and log settings are not
// in it. The version that blocks carry is a hash of it.
std::string CanonicalText(const Config& config);

}  // namespace tocsin
