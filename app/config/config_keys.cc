#include "app/config/config_keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tocsin {
namespace {

constexpr ConfigKey kKeys[] = {
    {"deployment", "text", "tocsin", "names this installation: in signals, consumer groups and transactional ids"},
    {"kafka", "mapping", "{}", "goes to librdkafka as it is; `run` needs bootstrap.servers"},
    {"sources", "list", "required", "where posts come from"},
    {"sources[].topics", "list", "required", "topics of the source"},
    {"sources[].preset", "twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic", "one of preset, fields",
     "mapping of the record's fields"},
    {"sources[].fields", "mapping", "one of preset, fields", "JSON Pointers by field of a post"},
    {"sources[].network", "text", "the preset's", "network of posts whose record names none"},
    {"sources[].start", "earliest, latest", "latest", "where to begin while the group has no offsets"},
    {"sources[].out_of_orderness", "duration", "2s", "how much later than a younger post a post may come"},
    {"sources[].max_drag", "duration", "60s", "a caught-up partition further behind the others is left out"},
    {"sources[].idle_after", "duration", "5s", "a partition at its end for so long no longer holds the watermark"},
    {"sources[].schema_registry_prefix", "true/false", "false", "skip a zero byte and four bytes of schema id"},
    {"sources[].max_record_bytes", "size", "1MB", "larger records are dead letters"},
    {"watchlist", "path", "required", "brands and routes; relative to the configuration"},
    {"windows.pane", "duration", "1s", "smallest slice of event time; the slide is a multiple of it"},
    {"windows.slide", "duration", "5s", "how often windows are evaluated"},
    {"windows.sizes", "list", "[60s, 5m, 15m, 1h]",
     "window lengths; {size: 24h, slide: 1m} for long ones, counts only"},
    {"metrics.every", "duration", "60s",
     "how often `run` writes brand metrics; `replay --metrics` does so every slide"},
    {"metrics.listen", "text", "127.0.0.1:9464", "host:port of /metrics and health; port 0: a free one; empty: none"},
    {"metrics.top_brands", "count", "100", "brands whose gauges /metrics has, those in trouble first"},
    {"metrics.brands", "list", "[]", "ids of brands whose gauges it has beside those"},
    {"sentiment.model", "path", "default", "model file; default: the one in the binary"},
    {"sentiment.calibration", "path", "null",
     "calibration of the published ratio, from `tocsin train --calibrate`; null: the one in the model file"},
    {"privacy.key_file", "path", "null", "key of the author hashes; without it they are not secret"},
    {"privacy.texts", "full, masked, none", "full", "how much of a sample's text leaves ingest"},
    {"roles", "list", "[ingest, detect]", "what this process does"},
    {"workers.ingest", "count", "1", "threads that read posts"},
    {"workers.detect", "count", "1", "threads that read mentions"},
    {"topics.mentions", "text", "tocsin.mentions", "blocks of mention rows"},
    {"topics.brand_metrics", "text", "tocsin.brand-metrics", "window metrics by brand"},
    {"topics.signals", "text", "tocsin.signals", "crisis signals"},
    {"topics.incidents", "text", "tocsin.incidents", "last signal of each incident, compacted"},
    {"topics.post_crisis", "text", "tocsin.post-crisis", "record of each crisis when it is over"},
    {"topics.dead_letters", "text", "tocsin.dead-letters", "records that can't be used"},
    {"topics.snapshots", "text", "tocsin.snapshots", "state of detect, compacted"},
    {"topics.config", "text", "tocsin.config", "versions of the watchlist, compacted"},
    {"topics.actions", "text", "tocsin.actions", "what people do about incidents"},
    {"topics.create", "true/false", "true", "create topics that are missing; false: only check them"},
    {"topics.mentions_partitions", "count", "16", "of mentions, snapshots and outputs; fixed at creation"},
    {"topics.replication", "count", "-1", "replication factor of created topics; -1: the cluster's default"},
    {"flush.every", "duration", "1s", "how often ingest commits"},
    {"flush.bytes", "size", "512KB", "size of a block, on average, at which it commits earlier"},
    {"reload.every", "duration", "2s", "how often `run` looks whether its files have changed; 0s: only at SIGHUP"},
    {"reload.margin", "duration", "10s", "event time from publishing a changed watchlist to its effect"},
    {"snapshot.every", "duration", "5m", "how often detect saves its state"},
    {"limits.dead_letters_per_second", "count", "1000", "beyond it dead letters are references only"},
    {"limits.queue_bytes", "size", "6MB", "fetched but not processed, per worker"},
    {"limits.drain", "duration", "60s",
     "a stop that takes longer ends the process with code 1, as if killed; less than what whoever stops it waits "
     "before SIGKILL"},
    {"detection.false_alarms", "number", "4",
     "provisional incidents in 1,000 brand-days that chance may open: 0.01 to 100"},
    {"dedup.horizon", "duration", "1h", "a post id counts once for a brand within this event time"},
    {"dedup.max_entries", "count", "4000000", "bound of that memory, per mentions partition"},
    {"log.format", "text, json", "text", "form of the log lines"},
    {"log.level", "debug, info, warning, error", "info", "least level that is logged"},
    {"on_gap", "continue, stop", "continue", "what detect does at a gap in the audit chain"},
};

}  // namespace

absl::Span<const ConfigKey> ConfigKeys() { return kKeys; }

std::string EnvironmentName(std::string_view key) {
  return absl::StrCat("TOCSIN_", absl::AsciiStrToUpper(absl::StrReplaceAll(key, {{".", "_"}})));
}

}  // namespace tocsin
