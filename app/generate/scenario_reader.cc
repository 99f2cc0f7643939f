#include "app/generate/scenario_reader.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "app/config/yaml_reader.h"
#include "app/files/read_file.h"
#include "app/generate/event_reader.h"

namespace tocsin {
namespace {

constexpr int64_t kMostBrands = 100'000;
constexpr int64_t kMostPartitions = 1'024;
constexpr size_t kMostStreams = 64;

class ScenarioReader {
 public:
  ScenarioReader(const YAML::Node& document, const ScenarioOverrides& overrides, Scenario* scenario, YamlErrors* errors)
      : root_(document, "", errors), overrides_(overrides), scenario_(scenario), errors_(errors) {}

  void Read();

 private:
  void ReadTime();
  void ReadRates();
  void ReadBrands();
  void ReadNamedBrand(const YAML::Node& node, double negative, double positive, std::vector<bool>* has_rate);
  void ShareOutMentions(const std::vector<bool>& has_rate, double zipf);
  void ReadLanguages();
  void ReadCycle();
  std::vector<double> ReadRhythm(YamlMap* map, std::string_view key, size_t size);
  DeliveryDefects ReadDefects(YamlMap* map, DeliveryDefects defects);
  void ReadStreams();
  void ReadStream(const YAML::Node& node, const DeliveryDefects& defaults);
  void ReadPartitions(YamlMap* map, std::vector<double>* weights);
  void CheckShares(const YAML::Node& node, std::string_view path, double negative, double positive);
  void ReadDuration(YamlMap* map, std::string_view key, int64_t* ms);

  YamlMap root_;
  const ScenarioOverrides& overrides_;
  Scenario* const scenario_;
  YamlErrors* const errors_;
  double posts_per_minute_ = 1'000;
  double matched_ = 0.35;
};

void ScenarioReader::ReadDuration(YamlMap* map, std::string_view key, int64_t* ms) {
  absl::Duration value = absl::Milliseconds(*ms);
  map->Duration(key, absl::ZeroDuration(), &value);
  *ms = absl::ToInt64Milliseconds(value);
}

void ScenarioReader::ReadTime() {
  root_.String("name", &scenario_->name);
  auto seed = static_cast<int64_t>(scenario_->seed);
  root_.Integer("seed", 0, INT64_MAX, &seed);
  scenario_->seed = overrides_.seed.value_or(static_cast<uint64_t>(seed));
  std::string start;
  root_.String("start", &start);
  absl::Time time = absl::FromUnixMillis(kDefaultStartMs);
  std::string why;
  const absl::Time earliest = absl::FromCivil(absl::CivilDay(2000, 1, 1), absl::UTCTimeZone());
  const absl::Time latest = absl::FromCivil(absl::CivilDay(2100, 1, 1), absl::UTCTimeZone());
  if (!start.empty() &&
      (!absl::ParseTime(absl::RFC3339_full, start, &time, &why) || time < earliest || time >= latest)) {
    errors_->Add(root_.Take("start"), absl::StrCat("start must be a time such as 2026-06-01T00:00:00Z, from 2000 to "
                                                   "2099, not \"",
                                                   start, "\""));
  }
  scenario_->start_ms = absl::ToUnixMillis(time) / 1'000 * 1'000;
  ReadDuration(&root_, "duration", &scenario_->duration_ms);
  scenario_->duration_ms = overrides_.duration_ms.value_or(scenario_->duration_ms);
  if (scenario_->duration_ms <= 0) errors_->Add(root_.Take("duration"), "duration must be longer than nothing");
}

void ScenarioReader::ReadRates() {
  root_.Number("posts_per_minute", 0.001, 1e8, &posts_per_minute_);
  root_.Number("matched", 0, 1, &matched_);
  root_.Number("reposts", 0, 1, &scenario_->repost_share);
  root_.Number("dispersion", 1, 1'000, &scenario_->dispersion);
  root_.Integer("post_bytes", int32_t{900}, int32_t{1'000'000}, &scenario_->post_bytes);
  scenario_->post_bytes = overrides_.post_bytes.value_or(scenario_->post_bytes);
}

void ScenarioReader::CheckShares(const YAML::Node& node, std::string_view path, double negative, double positive) {
  if (negative + positive > 1 + 1e-9) {
    errors_->Add(node, absl::StrCat(path, ": negative and positive are shares, together at most 1"));
  }
}

void ScenarioReader::ReadNamedBrand(const YAML::Node& node, double negative, double positive,
                                    std::vector<bool>* has_rate) {
  YamlMap map(node, "brands.named.", errors_);
  ScenarioBrand brand;
  map.String("id", &brand.id);
  const auto is_id = [](const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
  };
  if (!is_id(brand.id)) {
    const YAML::Node at = map.Take("id");
    errors_->Add(at.IsDefined() ? at : node, "brands.named.id must be letters, digits, - and _");
  }
  brand.name = brand.id;
  map.String("name", &brand.name);
  if (brand.name.empty() || brand.name.find_first_of("\"\\\n") != std::string::npos) {
    errors_->Add(map.Take("name"), "brands.named.name must be a name without quotes and backslashes");
  }
  for (const char c : brand.id) {
    if (c != '-') brand.handle.push_back(c);
  }
  map.String("handle", &brand.handle);
  if (is_id(brand.id) && (!is_id(brand.handle) || brand.handle.find('-') != std::string::npos)) {
    const YAML::Node at = map.Take("handle");
    errors_->Add(at.IsDefined() ? at : node, "brands.named.handle must be letters, digits and _");
  }
  brand.query = DefaultQuery(brand);
  map.String("query", &brand.query);
  map.String("sector", &brand.sector);
  brand.negative = negative;
  brand.positive = positive;
  map.Number("negative", 0, 1, &brand.negative);
  map.Number("positive", 0, 1, &brand.positive);
  CheckShares(node, "brands.named", brand.negative, brand.positive);
  brand.per_minute = 0;
  map.Number("per_minute", 0.000'001, 1e7, &brand.per_minute);
  has_rate->push_back(brand.per_minute > 0);
  map.Finish();
  scenario_->brands.push_back(std::move(brand));
}

void ScenarioReader::ReadBrands() {
  const YAML::Node node = root_.Take("brands");
  YamlMap map(node, "brands.", errors_);
  double negative = 0.15;
  double positive = 0.25;
  double zipf = 1;
  map.Number("negative", 0, 1, &negative);
  map.Number("positive", 0, 1, &positive);
  CheckShares(node, "brands", negative, positive);
  map.Number("zipf", 0, 5, &zipf);
  std::vector<bool> has_rate;
  const YAML::Node named = map.Take("named");
  if (named.IsDefined() && !named.IsNull() && !named.IsSequence()) errors_->Add(named, "brands.named must be a list");
  if (named.IsSequence()) {
    for (const auto& brand : named) ReadNamedBrand(brand, negative, positive, &has_rate);
  }
  int64_t count = named.IsSequence() ? static_cast<int64_t>(named.size()) : 12;
  map.Integer("count", 1, kMostBrands, &count);
  std::vector<std::string> sectors;
  const YAML::Node sector_node = map.Take("sectors");
  if (sector_node.IsSequence()) {
    for (const auto& sector : sector_node) {
      if (sector.IsScalar()) sectors.push_back(sector.Scalar());
    }
  }
  if (sector_node.IsDefined() && !sector_node.IsNull() && (!sector_node.IsSequence() || sectors.empty())) {
    errors_->Add(sector_node, "brands.sectors must be a list of names, which the made-up brands take in turn");
  }
  for (size_t i = 0; scenario_->brands.size() < static_cast<size_t>(count); ++i) {
    ScenarioBrand brand = MadeUpBrand(i);
    brand.negative = negative;
    brand.positive = positive;
    if (!sectors.empty()) brand.sector = sectors[i % sectors.size()];
    brand.per_minute = 0;
    has_rate.push_back(false);
    scenario_->brands.push_back(std::move(brand));
  }
  std::set<std::string> ids;
  for (const ScenarioBrand& brand : scenario_->brands) {
    if (!ids.insert(brand.id).second) errors_->Add(node, absl::StrCat("brands: two have the id \"", brand.id, "\""));
  }
  map.Finish();
  ShareOutMentions(has_rate, zipf);
}

// Those without a rate of their own share the mentions by rank.
void ScenarioReader::ShareOutMentions(const std::vector<bool>& has_rate, double zipf) {
  double weights = 0;
  for (size_t i = 0; i < has_rate.size(); ++i) {
    if (!has_rate[i]) weights += std::pow(static_cast<double>(i + 1), -zipf);
  }
  for (size_t i = 0; i < has_rate.size(); ++i) {
    if (has_rate[i]) continue;
    scenario_->brands[i].per_minute =
        posts_per_minute_ * matched_ * std::pow(static_cast<double>(i + 1), -zipf) / weights;
  }
  scenario_->unmatched_per_minute = posts_per_minute_ * (1 - matched_);
  if (!overrides_.posts.has_value()) return;
  double planned = scenario_->unmatched_per_minute;
  for (const ScenarioBrand& brand : scenario_->brands) planned += brand.per_minute;
  const double wanted = static_cast<double>(*overrides_.posts) /
                        (static_cast<double>(std::max<int64_t>(scenario_->duration_ms, 1)) / 60'000);
  for (ScenarioBrand& brand : scenario_->brands) brand.per_minute *= wanted / planned;
  scenario_->unmatched_per_minute *= wanted / planned;
}

void ScenarioReader::ReadLanguages() {
  const YAML::Node node = root_.Take("languages");
  if (!node.IsDefined() || node.IsNull()) return;
  YamlMap map(node, "languages.", errors_);
  double sum = 0;
  for (size_t i = 0; i < kPostLanguages; ++i) {
    scenario_->languages[i] = 0;
    map.Number(LanguageTag(static_cast<PostLanguage>(i)), 0, 1e6, &scenario_->languages[i]);
    sum += scenario_->languages[i];
  }
  map.Finish();
  if (sum <= 0) return errors_->Add(node, "languages: at least one needs a share");
  for (double& share : scenario_->languages) share /= sum;
}

std::vector<double> ScenarioReader::ReadRhythm(YamlMap* map, std::string_view key, size_t size) {
  const YAML::Node node = map->Take(key);
  if (!node.IsDefined() || node.IsNull()) return {};
  std::vector<double> values;
  double sum = 0;
  if (node.IsSequence()) {
    for (const auto& each : node) {
      double value = -1;
      if (each.IsScalar() && absl::SimpleAtod(each.Scalar(), &value) && std::isfinite(value) && value >= 0) {
        values.push_back(value);
        sum += value;
      }
    }
  }
  if (!node.IsSequence() || values.size() != size || node.size() != size || sum <= 0) {
    errors_->Add(node, absl::StrCat("cycle.", key, " must be a list of ", size,
                                    " numbers that are not negative, one of them at least above 0"));
    return {};
  }
  return values;
}

void ScenarioReader::ReadCycle() {
  YamlMap map(root_.Take("cycle"), "cycle.", errors_);
  ScenarioCycles& cycles = scenario_->cycles;
  map.Number("amplitude", 0, 1, &cycles.amplitude);
  map.Number("peak_hour", 0, 24, &cycles.peak_hour);
  cycles.hours = ReadRhythm(&map, "hours", 24);
  cycles.weekday = ReadRhythm(&map, "weekday", 7);
  if (!cycles.hours.empty() && map.Take("amplitude").IsDefined()) {
    errors_->Add(map.Take("hours"), "cycle: either hours, or amplitude and peak_hour");
  }
  map.Finish();
}

DeliveryDefects ScenarioReader::ReadDefects(YamlMap* map, DeliveryDefects defects) {
  ReadDuration(map, "disorder", &defects.disorder_ms);
  map->Number("duplicates", 0, 1, &defects.duplicates);
  ReadDuration(map, "duplicate_within", &defects.duplicate_within_ms);
  map->Number("malformed", 0, 1, &defects.malformed);
  map->Number("late", 0, 1, &defects.late);
  ReadDuration(map, "late_from", &defects.late_from_ms);
  ReadDuration(map, "late_to", &defects.late_to_ms);
  constexpr int64_t kWeekMs = int64_t{7} * 86'400'000;
  if (defects.late_to_ms < defects.late_from_ms) {
    errors_->Add(map->node(), "late_to is shorter than late_from");
  }
  if (std::max({defects.disorder_ms, defects.duplicate_within_ms, defects.late_to_ms}) > kWeekMs) {
    errors_->Add(map->node(), "disorder, duplicate_within and late_to are at most 7d");
  }
  return defects;
}

void ScenarioReader::ReadPartitions(YamlMap* map, std::vector<double>* weights) {
  const YAML::Node node = map->Take("partitions");
  if (!node.IsDefined() || node.IsNull()) return;
  int64_t count = 0;
  if (node.IsScalar() && absl::SimpleAtoi(node.Scalar(), &count) && count >= 1 && count <= kMostPartitions) {
    return weights->assign(static_cast<size_t>(count), 1.0);
  }
  std::vector<double> values;
  if (node.IsSequence()) {
    for (const auto& each : node) {
      double value = 0;
      if (each.IsScalar() && absl::SimpleAtod(each.Scalar(), &value) && value > 0 && value < 1e9) {
        values.push_back(value);
      }
    }
  }
  if (values.empty() || values.size() != node.size() || values.size() > kMostPartitions) {
    errors_->Add(node, "streams.partitions must be a number such as 4, or a list of weights such as [40, 30, 20, 10]");
    return;
  }
  *weights = std::move(values);
}

void ScenarioReader::ReadStream(const YAML::Node& node, const DeliveryDefects& defaults) {
  YamlMap map(node, "streams.", errors_);
  ScenarioStream stream;
  std::vector<std::string> networks;
  for (size_t i = 0; i < kPostShapes; ++i) networks.emplace_back(ShapeName(static_cast<PostShape>(i)));
  std::string network = networks.front();
  if (!map.Take("network").IsDefined()) errors_->Add(node, "streams: a stream needs a network, such as twitter_v1");
  map.Choice("network", networks, &network);
  stream.shape = static_cast<PostShape>(std::find(networks.begin(), networks.end(), network) - networks.begin());
  stream.name = network;
  map.String("name", &stream.name);
  stream.topic = absl::StrCat("posts.", stream.name);
  map.String("topic", &stream.topic);
  const auto is_topic = [](const std::string& text) {
    return !text.empty() && text.size() < 200 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
    });
  };
  if (!is_topic(stream.name) || !is_topic(stream.topic)) {
    errors_->Add(node, "streams: name and topic are letters, digits and . _ -");
  }
  for (const ScenarioStream& other : scenario_->streams) {
    if (other.name == stream.name || other.topic == stream.topic) {
      errors_->Add(node, absl::StrCat("streams: two have the name or topic of ", stream.name));
    }
  }
  map.Number("share", 0, 1e6, &stream.share);
  ReadPartitions(&map, &stream.partition_weights);
  stream.defects = ReadDefects(&map, defaults);
  map.Finish();
  scenario_->streams.push_back(std::move(stream));
}

void ScenarioReader::ReadStreams() {
  const YAML::Node delivery = root_.Take("delivery");
  YamlMap map(delivery, "delivery.", errors_);
  const DeliveryDefects defaults = ReadDefects(&map, {});
  map.Finish();
  scenario_->streams[0].defects = defaults;
  const YAML::Node streams = root_.Take("streams");
  if (!streams.IsDefined() || streams.IsNull()) return;
  if (!streams.IsSequence() || streams.size() == 0 || streams.size() > kMostStreams) {
    return errors_->Add(streams, absl::StrCat("streams must be a list of 1 to ", kMostStreams));
  }
  scenario_->streams.clear();
  for (const auto& stream : streams) ReadStream(stream, defaults);
  double sum = 0;
  for (const ScenarioStream& stream : scenario_->streams) sum += stream.share;
  if (sum <= 0) errors_->Add(streams, "streams: at least one needs a share");
}

void ScenarioReader::Read() {
  ReadTime();
  ReadRates();
  ReadBrands();
  ReadLanguages();
  ReadCycle();
  ReadStreams();
  Random random(scenario_->seed ^ 0x5CE7A210);
  ReadEvents(root_.Take("events"), &random, scenario_, errors_);
  ReadGaps(root_.Take("gaps"), scenario_, errors_);
  root_.Finish();
}

}  // namespace

absl::StatusOr<Scenario> ParseScenario(std::string_view yaml, const std::string& name,
                                       const ScenarioOverrides& overrides) {
  YamlErrors errors(yaml, name);
  Scenario scenario;
  scenario.name = std::filesystem::path(name).stem().string();
  const YAML::Node document = LoadYaml(yaml, &errors);
  if (errors.empty()) {
    GuardYaml(&errors, [&] { ScenarioReader(document, overrides, &scenario, &errors).Read(); });
  }
  if (!errors.empty()) return errors.ToStatus();
  return scenario;
}

absl::StatusOr<Scenario> ReadScenario(const std::string& path, const ScenarioOverrides& overrides) {
  const std::optional<std::string> yaml = ReadWholeFile(path);
  if (!yaml.has_value()) return absl::NotFoundError(absl::StrCat("can't read; file=", path));
  return ParseScenario(*yaml, path, overrides);
}

}  // namespace tocsin
