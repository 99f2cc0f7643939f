#include "app/config/config_sections.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin {
namespace {

constexpr absl::Duration kNone = absl::ZeroDuration();
constexpr absl::Duration kMillisecond = absl::Milliseconds(1);
constexpr absl::Duration kShortestSlide = absl::Seconds(1);
constexpr absl::Duration kDecisionStep = absl::Minutes(5);  // the shortest of kDecisionWindowMs, and a baseline's bin
constexpr absl::Duration kLongestPaneWindow = absl::Hours(1);  // what is longer is not held row by row
constexpr absl::Duration kLongestWindow = absl::Hours(27);
constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kMegabyte = int64_t{1} << 20;

std::string Resolve(const std::string& of, const std::string& path) {
  if (path.empty() || std::filesystem::path(path).is_absolute()) return path;
  return (std::filesystem::path(of).parent_path() / path).string();
}

// Kafka's own rule for topics, which serves for the deployment too: it becomes part of group and transaction names.
bool IsTopicName(std::string_view name) {
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), allowed);
}

bool IsAddress(std::string_view address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  return colon != std::string_view::npos && colon > 0 && absl::SimpleAtoi(address.substr(colon + 1), &port) &&
         port >= 0 && port <= 65'535;
}

// A list of texts, or one text.
std::vector<std::string> Texts(const YAML::Node& node, std::string_view name, YamlErrors* errors) {
  std::vector<std::string> texts;
  if (!node.IsDefined() || node.IsNull()) return texts;
  if (node.IsScalar()) return {node.Scalar()};
  if (!node.IsSequence()) {
    errors->Add(node, absl::StrCat(name, " must be a text or a list of texts"));
    return texts;
  }
  for (const auto& element : node) {
    if (element.IsScalar()) {
      texts.push_back(element.Scalar());
    } else {
      errors->Add(element, absl::StrCat(name, " must hold plain texts"));
    }
  }
  return texts;
}

class SectionReader {
 public:
  SectionReader(const YAML::Node& document, Config* config, YamlErrors* errors)
      : document_(document), root_(document, "", errors), config_(config), errors_(errors) {}

  void Read() {
    ReadDeployment();
    ReadKafka();
    ReadSources();
    ReadWatchlist();
    ReadWindows();
    ReadMetrics();
    ReadModelAndPrivacy();
    ReadRoles();
    ReadTopics();
    ReadLimits();
    ReadLog();
    std::string on_gap = "continue";
    root_.Choice("on_gap", {"continue", "stop"}, &on_gap);
    config_->stop_on_gap = on_gap == "stop";
    root_.Finish();
  }

 private:
  void ReadDeployment();
  void ReadKafka();
  void ReadSources();
  void ReadSource(const YAML::Node& node);
  void ReadMapping(YamlMap* map, SourceConfig* source);
  FieldPointers ReadFields(const YAML::Node& node);
  void ReadWatchlist();
  void ReadWindows();
  WindowConfig ReadWindow(const YAML::Node& node);
  void CheckWindow(const YAML::Node& node, const WindowConfig& window);
  void ReadMetrics();
  void ReadModelAndPrivacy();
  void ReadRoles();
  void ReadTopics();
  void ReadTopic(YamlMap* map, std::string_view key, std::string* name);
  void ReadLimits();
  void ReadLog();
  // Complains if the name is no topic's, or another's already.
  void ClaimTopic(const YAML::Node& node, const std::string& name, const std::string& use);

  const YAML::Node document_;
  YamlMap root_;
  Config* const config_;
  YamlErrors* const errors_;
  std::map<std::string, std::string> topic_uses_;
};

void SectionReader::ReadDeployment() {
  root_.String("deployment", &config_->deployment);
  if (!IsTopicName(config_->deployment)) {
    errors_->Add(root_.Take("deployment"), "deployment may have letters, digits, '.', '_' and '-' only");
  }
}

void SectionReader::ReadKafka() {
  const YAML::Node node = root_.Take("kafka");
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsMap()) return errors_->Add(node, "kafka must be a mapping of librdkafka's properties");
  CheckDuplicateKeys(node, "kafka.", errors_);
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) continue;
    if (entry.second.IsScalar()) {
      config_->kafka.emplace_back(entry.first.Scalar(), entry.second.Scalar());
    } else {
      errors_->Add(entry.first, absl::StrCat("kafka.", entry.first.Scalar(), " must be a single value"));
    }
  }
}

FieldPointers SectionReader::ReadFields(const YAML::Node& node) {
  FieldPointers fields;
  if (!node.IsMap()) {
    errors_->Add(node, "sources[].fields must map fields of a post to JSON Pointers");
    return fields;
  }
  CheckDuplicateKeys(node, "sources[].fields.", errors_);
  std::vector<std::string> known;
  for (size_t i = 0; i < kPostFieldCount; ++i) known.emplace_back(PostFieldName(static_cast<PostField>(i)));
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) continue;
    const std::string& name = entry.first.Scalar();
    const std::optional<PostField> field = PostFieldFromName(name);
    if (!field.has_value()) {
      std::string advice = DidYouMean(name, known);
      if (advice.empty()) advice = absl::StrCat("; there are ", absl::StrJoin(known, ", "));
      errors_->Add(entry.first, absl::StrCat("a post has no field ", name, advice));
      continue;
    }
    for (const std::string& pointer : Texts(entry.second, absl::StrCat("sources[].fields.", name), errors_)) {
      if (absl::Status status = Mapping::CheckPointer(*field, pointer); !status.ok()) {
        errors_->Add(entry.second, absl::StrCat("sources[].fields.", name, ": ", status.message()));
      } else {
        fields[*field].push_back(pointer);
      }
    }
  }
  return fields;
}

void SectionReader::ReadMapping(YamlMap* map, SourceConfig* source) {
  const YAML::Node preset = map->Take("preset");
  const YAML::Node fields = map->Take("fields");
  const YAML::Node network = map->Take("network");
  map->String("preset", &source->preset);
  std::string network_name;
  map->String("network", &network_name);
  if (!network_name.empty()) {
    source->network = NetworkFromName(network_name);
    if (*source->network == Network::kOther && network_name != "other") {
      std::vector<std::string> known;
      for (int i = 0; i <= static_cast<int>(Network::kThreads); ++i)
        known.emplace_back(NetworkName(static_cast<Network>(i)));
      errors_->Add(network,
                   absl::StrCat("no such network: ", network_name, "; there are ", absl::StrJoin(known, ", ")));
    }
  }
  const std::string presets = absl::StrJoin(Mapping::PresetNames(), ", ");
  if (source->preset.empty() == !fields.IsDefined()) {
    errors_->Add(map->node(), absl::StrCat("a source needs either a preset (", presets, ") or fields"));
    return;
  }
  if (!fields.IsDefined()) {
    source->fields = Mapping::PresetFields(source->preset);
    if (source->fields.empty()) {
      errors_->Add(preset, absl::StrCat("no such preset: ", source->preset, "; there are ", presets));
      return;
    }
  }
  const bool errors_before = !errors_->empty();
  if (fields.IsDefined()) source->fields = ReadFields(fields);
  absl::StatusOr<std::shared_ptr<const Mapping>> mapping =
      fields.IsDefined() ? Mapping::FromFields(source->fields, source->network.value_or(Network::kOther))
                         : Mapping::Preset(source->preset, source->network);
  if (mapping.ok()) {
    source->mapping = *std::move(mapping);
  } else if (errors_before || errors_->empty()) {
    errors_->Add(fields, absl::StrCat("sources[].fields: ", mapping.status().message()));
  }
}

void SectionReader::ClaimTopic(const YAML::Node& node, const std::string& name, const std::string& use) {
  if (!IsTopicName(name)) {
    errors_->Add(node,
                 absl::StrCat("not a topic's name: \"", name, "\"; letters, digits, '.', '_' and '-', at most 249"));
    return;
  }
  const auto [other, is_new] = topic_uses_.emplace(name, use);
  if (!is_new) errors_->Add(node, absl::StrCat("topic ", name, " is used twice: by ", other->second, " and by ", use));
}

void SectionReader::ReadSource(const YAML::Node& node) {
  YamlMap map(node, "sources[].", errors_);
  SourceConfig source;
  const YAML::Node topics = map.Take("topics");
  source.topics = Texts(topics, "sources[].topics", errors_);
  if (source.topics.empty() && (!topics.IsDefined() || topics.IsSequence() || topics.IsNull())) {
    errors_->Add(topics.IsDefined() ? topics : node, "sources[].topics is missing: name the topics to read");
  }
  for (size_t i = 0; i < source.topics.size(); ++i) {
    ClaimTopic(topics.IsSequence() ? topics[i] : topics, source.topics[i], "a source");
  }
  ReadMapping(&map, &source);
  std::string start = "latest";
  map.Choice("start", {"earliest", "latest"}, &start);
  source.start = start == "latest" ? SourceConfig::Start::kLatest : SourceConfig::Start::kEarliest;
  map.Duration("out_of_orderness", kNone, &source.out_of_orderness);
  map.Duration("max_drag", kNone, &source.max_drag);
  map.Duration("idle_after", kMillisecond, &source.idle_after);
  map.Bool("schema_registry_prefix", &source.schema_registry_prefix);
  map.Bytes("max_record_bytes", 64, 64 * kMegabyte, &source.max_record_bytes);
  map.Finish();
  config_->sources.push_back(std::move(source));
}

void SectionReader::ReadSources() {
  const YAML::Node node = root_.Take("sources");
  if (!node.IsDefined() || node.IsNull()) {
    return errors_->Add(document_, "sources is missing: say which topics hold posts, and in which form");
  }
  if (!node.IsSequence() || node.size() == 0)
    return errors_->Add(node, "sources must be a list of at least one source");
  for (const auto& element : node) ReadSource(element);
}

void SectionReader::ReadWatchlist() {
  root_.String("watchlist", &config_->watchlist);
  if (config_->watchlist.empty()) {
    const YAML::Node node = root_.Take("watchlist");
    errors_->Add(node.IsDefined() ? node : document_, "watchlist is missing: name the file with the brands");
  }
  config_->watchlist = Resolve(config_->path, config_->watchlist);
}

WindowConfig SectionReader::ReadWindow(const YAML::Node& node) {
  WindowConfig window{.size = kNone, .slide = std::nullopt};
  if (node.IsMap()) {
    YamlMap map(node, "windows.sizes[].", errors_);
    map.Duration("size", kMillisecond, &window.size);
    absl::Duration slide = kNone;
    map.Duration("slide", kMillisecond, &slide);
    map.Finish();
    if (slide != kNone) window.slide = slide;
  } else if (node.IsScalar()) {
    window.size = ParseDurationText(node.Scalar()).value_or(kNone);
  }
  if (window.size <= kNone)
    errors_->Add(node, "windows.sizes must hold durations such as 5m, or {size: 24h, slide: 1m}");
  return window;
}

void SectionReader::CheckWindow(const YAML::Node& node, const WindowConfig& window) {
  const absl::Duration slide = window.slide.value_or(config_->windows.slide);
  const std::string name = absl::StrCat("window of ", DurationText(window.size));
  if (window.size % slide != kNone) {
    errors_->Add(node, absl::StrCat(name, " is not a multiple of its slide, ", DurationText(slide)));
  }
  if (slide % config_->windows.slide != kNone) {
    errors_->Add(node, absl::StrCat(name, " has a slide that is not a multiple of windows.slide, ",
                                    DurationText(config_->windows.slide)));
  }
  if (window.slide.has_value() && slide % absl::Minutes(1) != kNone) {
    errors_->Add(node, absl::StrCat(name, ": a slide of its own must be whole minutes"));
  }
  if (!window.slide.has_value() && window.size > kLongestPaneWindow) {
    errors_->Add(node, absl::StrCat(name, " is longer than ", DurationText(kLongestPaneWindow), ": write {size: ",
                                    DurationText(window.size), ", slide: 1m}, which gives counts only"));
  }
  if (window.size > kLongestWindow) {
    errors_->Add(node,
                 absl::StrCat(name, " is longer than ", DurationText(kLongestWindow), ", for which counts are kept"));
  }
}

void SectionReader::ReadWindows() {
  YamlMap map(root_.Take("windows"), "windows.", errors_);
  Config::Windows& windows = config_->windows;
  map.Duration("pane", kMillisecond, &windows.pane);
  map.Duration("slide", kMillisecond, &windows.slide);
  const YAML::Node slide = map.Take("slide");
  if (windows.slide % windows.pane != kNone) {
    errors_->Add(slide.IsDefined() ? slide : map.Take("pane"),
                 absl::StrCat("windows.slide, ", DurationText(windows.slide), ", is not a multiple of windows.pane, ",
                              DurationText(windows.pane)));
  }
  if (windows.slide < kShortestSlide || kDecisionStep % windows.slide != kNone) {
    errors_->Add(slide.IsDefined() ? slide : map.Take("pane"),
                 absl::StrCat("windows.slide, ", DurationText(windows.slide), ", must divide ",
                              DurationText(kDecisionStep), ", in which brands are decided about, and be ",
                              DurationText(kShortestSlide), " or more: write 1s, 2s, 5s, 10s, 30s"));
  }
  const YAML::Node sizes = map.Take("sizes");
  if (!sizes.IsDefined() || sizes.IsNull()) {
    for (const WindowConfig& window : windows.sizes) CheckWindow(slide, window);
  } else if (!sizes.IsSequence() || sizes.size() == 0) {
    errors_->Add(sizes, "windows.sizes must be a list of at least one duration");
  } else {
    windows.sizes.clear();
    for (const auto& element : sizes) {
      const WindowConfig window = ReadWindow(element);
      if (window.size <= kNone) continue;
      CheckWindow(element, window);
      const bool again = std::any_of(windows.sizes.begin(), windows.sizes.end(),
                                     [&](const WindowConfig& other) { return other.size == window.size; });
      if (again) errors_->Add(element, absl::StrCat("window of ", DurationText(window.size), " is given twice"));
      windows.sizes.push_back(window);
    }
    const bool some_panes = std::any_of(windows.sizes.begin(), windows.sizes.end(),
                                        [](const WindowConfig& window) { return !window.slide.has_value(); });
    if (!some_panes) errors_->Add(sizes, "windows.sizes needs at least one window without a slide of its own");
  }
  map.Finish();
  std::sort(windows.sizes.begin(), windows.sizes.end(),
            [](const WindowConfig& a, const WindowConfig& b) { return a.size < b.size; });
}

void SectionReader::ReadMetrics() {
  YamlMap map(root_.Take("metrics"), "metrics.", errors_);
  map.Duration("every", kMillisecond, &config_->metrics.every);
  if (config_->metrics.every % config_->windows.slide != kNone) {
    const YAML::Node every = map.Take("every");
    errors_->Add(every.IsDefined() ? every : root_.Take("windows"),
                 absl::StrCat("metrics.every, ", DurationText(config_->metrics.every),
                              ", is not a multiple of windows.slide, ", DurationText(config_->windows.slide)));
  }
  map.String("listen", &config_->metrics.listen);
  if (!config_->metrics.listen.empty() && !IsAddress(config_->metrics.listen)) {
    errors_->Add(map.Take("listen"), "metrics.listen must be host:port, such as 127.0.0.1:9464, or empty");
  }
  map.Integer("top_brands", int32_t{0}, int32_t{100'000}, &config_->metrics.top_brands);
  config_->metrics.brands = Texts(map.Take("brands"), "metrics.brands", errors_);
  map.Finish();
}

void SectionReader::ReadModelAndPrivacy() {
  YamlMap sentiment(root_.Take("sentiment"), "sentiment.", errors_);
  sentiment.String("model", &config_->sentiment.model);
  if (config_->sentiment.model != "default") {
    config_->sentiment.model = Resolve(config_->path, config_->sentiment.model);
  }
  sentiment.String("calibration", &config_->sentiment.calibration);
  config_->sentiment.calibration = Resolve(config_->path, config_->sentiment.calibration);
  sentiment.Finish();
  YamlMap privacy(root_.Take("privacy"), "privacy.", errors_);
  privacy.String("key_file", &config_->privacy.key_file);
  config_->privacy.key_file = Resolve(config_->path, config_->privacy.key_file);
  const std::vector<std::string> policies = {"full", "masked", "none"};  // in the order of the enumerators
  std::string texts = policies.front();
  privacy.Choice("texts", policies, &texts);
  config_->privacy.texts =
      static_cast<Config::Privacy::Texts>(std::find(policies.begin(), policies.end(), texts) - policies.begin());
  privacy.Finish();
}

void SectionReader::ReadRoles() {
  const YAML::Node node = root_.Take("roles");
  if (node.IsDefined() && !node.IsNull()) {
    config_->ingest = config_->detect = false;
    const std::vector<std::string> roles = Texts(node, "roles", errors_);
    for (const std::string& role : roles) {
      config_->ingest |= role == "ingest";
      config_->detect |= role == "detect";
      if (role != "ingest" && role != "detect") {
        errors_->Add(node, absl::StrCat("roles are ingest and detect, not \"", role, "\""));
      }
    }
    if (roles.empty() && node.IsSequence()) errors_->Add(node, "roles must name ingest, detect or both");
  }
  YamlMap workers(root_.Take("workers"), "workers.", errors_);
  workers.Integer("ingest", int32_t{1}, int32_t{256}, &config_->workers.ingest);
  workers.Integer("detect", int32_t{1}, int32_t{256}, &config_->workers.detect);
  workers.Finish();
}

void SectionReader::ReadTopic(YamlMap* map, std::string_view key, std::string* name) {
  map->String(key, name);
  const YAML::Node node = map->Take(key);
  ClaimTopic(node.IsDefined() ? node : document_, *name, absl::StrCat("topics.", key));
}

void SectionReader::ReadTopics() {
  YamlMap map(root_.Take("topics"), "topics.", errors_);
  Config::Topics& topics = config_->topics;
  ReadTopic(&map, "mentions", &topics.mentions);
  ReadTopic(&map, "brand_metrics", &topics.brand_metrics);
  ReadTopic(&map, "signals", &topics.signals);
  ReadTopic(&map, "incidents", &topics.incidents);
  ReadTopic(&map, "post_crisis", &topics.post_crisis);
  ReadTopic(&map, "dead_letters", &topics.dead_letters);
  ReadTopic(&map, "snapshots", &topics.snapshots);
  ReadTopic(&map, "config", &topics.config);
  ReadTopic(&map, "actions", &topics.actions);
  map.Bool("create", &topics.create);
  map.Integer("mentions_partitions", int32_t{1}, int32_t{1024}, &topics.mentions_partitions);
  map.Integer("replication", int32_t{-1}, int32_t{32}, &topics.replication);
  if (topics.replication == 0) {
    errors_->Add(map.Take("replication"), "topics.replication must be at least 1, or -1 for the cluster's default");
  }
  map.Finish();
}

void SectionReader::ReadLimits() {
  YamlMap flush(root_.Take("flush"), "flush.", errors_);
  flush.Duration("every", kMillisecond, &config_->flush.every);
  flush.Bytes("bytes", 1'024, 64 * kMegabyte, &config_->flush.bytes);
  flush.Finish();
  YamlMap snapshot(root_.Take("snapshot"), "snapshot.", errors_);
  snapshot.Duration("every", kMillisecond, &config_->snapshot.every);
  snapshot.Finish();
  YamlMap reload(root_.Take("reload"), "reload.", errors_);
  reload.Duration("every", kNone, &config_->reload.every);
  reload.Duration("margin", kMillisecond, &config_->reload.margin);
  reload.Finish();
  YamlMap limits(root_.Take("limits"), "limits.", errors_);
  limits.Integer("dead_letters_per_second", int64_t{0}, kMillion, &config_->limits.dead_letters_per_second);
  limits.Bytes("queue_bytes", kMegabyte, 16 * 1'024 * kMegabyte, &config_->limits.queue_bytes);
  limits.Duration("drain", absl::Seconds(1), &config_->limits.drain);
  limits.Finish();
  YamlMap detection(root_.Take("detection"), "detection.", errors_);
  detection.Number("false_alarms", kFalseAlarmsRange.least, kFalseAlarmsRange.most, &config_->detection.false_alarms);
  detection.Finish();
  YamlMap dedup(root_.Take("dedup"), "dedup.", errors_);
  dedup.Duration("horizon", kMillisecond, &config_->dedup.horizon);
  dedup.Integer("max_entries", int64_t{1}, 1'000 * kMillion, &config_->dedup.max_entries);
  dedup.Finish();
}

void SectionReader::ReadLog() {
  YamlMap map(root_.Take("log"), "log.", errors_);
  std::string format = "text";
  map.Choice("format", {"text", "json"}, &format);
  config_->log.json = format == "json";
  map.Choice("level", {"debug", "info", "warning", "error"}, &config_->log.level);
  map.Finish();
}

}  // namespace

void ReadSections(const YAML::Node& document, Config* config, YamlErrors* errors) {
  SectionReader(document, config, errors).Read();
}

}  // namespace tocsin
