// Reading what a world has published: World::Read.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "operators/block/block.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {
namespace {

// Fields that the same posts may change (DESIGN, "What is promised"); as tests/pipeline/signal_fields.py.
void Blank(nlohmann::json* value) {
  static const std::set<std::string>* const may_differ = new std::set<std::string>{
      "emitted_at", "topic", "partition", "offset", "completeness", "late_dropped", "gaps", "lag_ms", "stale"};
  if (value->is_object()) {
    for (auto field = value->begin(); field != value->end();) {
      if (may_differ->contains(field.key())) {
        field = value->erase(field);
      } else {
        Blank(&*field++);
      }
    }
  } else if (value->is_array()) {
    for (nlohmann::json& element : *value) Blank(&element);
  }
}

std::string Comparable(const std::string& text) {
  nlohmann::json value = nlohmann::json::parse(text);
  Blank(&value);
  return value.dump();
}

std::vector<StoredRecord> ReadTopic(const MemoryLog& log, const std::string& topic, int32_t partitions) {
  std::vector<StoredRecord> records;
  for (int32_t partition = 0; partition < partitions; ++partition) {
    auto read = log.ReadStored({topic, partition});
    CHECK_OK(read.status());
    records.insert(records.end(), std::make_move_iterator(read->begin()), std::make_move_iterator(read->end()));
  }
  return records;
}

// Every block of one mentions partition: each source's ranges must follow one upon the other, and account for all that
// was read.
void AuditPartition(const MemoryLog& log, const TopicPartition& partition, const Firehose& firehose,
                    std::vector<std::string>* problems) {
  auto records = log.ReadStored(partition);
  CHECK_OK(records.status());
  std::map<int32_t, Offset> behind;
  SourceRange total;

  Block block;
  for (const StoredRecord& record : *records) {
    CHECK_OK(DecodeBlock(*record.value, &block));
    if (block.part != 0) continue;
    for (const SourceRange& range : block.sources) {
      if (!range.accounts()) continue;
      const auto [last, first] = behind.try_emplace(range.partition, 0);
      if (range.from == last->second) {
        last->second = range.to;
        total.records += range.records;
        total.matched += range.matched;
        total.unmatched += range.unmatched;
        total.dead += range.dead;
        total.official += range.official;
      } else if (range.to > last->second) {  // else it was written twice on purpose

        problems->push_back(absl::StrCat("audit: source partition ", range.partition, " goes on at ", range.from,
                                         " instead of ", last->second, " in mentions partition ", partition.partition));
        last->second = range.to;
      }
    }
  }
  const auto expect = [&](std::string_view name, int64_t found, int64_t expected) {
    if (found == expected) return;
    problems->push_back(absl::StrCat("account: ", name, " ", found, " instead of ", expected, " in mentions partition ",
                                     partition.partition));
  };
  expect("records", total.records, static_cast<int64_t>(firehose.records.size()));
  expect("matched", total.matched, firehose.matched);
  expect("unmatched", total.unmatched, firehose.unmatched);
  expect("dead", total.dead, firehose.dead);
  expect("official", total.official, firehose.official);
}

// A field of a flat record as the engine writes it: many are read, and a parser would cost more than the world.
std::string_view Field(std::string_view json, std::string_view name) {
  const size_t key = json.find(name);
  CHECK(key != std::string_view::npos) << name << " is missing in " << json;
  const size_t begin = key + name.size();
  return json.substr(begin, json.find_first_of(",}\"", begin) - begin);
}

int64_t Number(std::string_view json, std::string_view name) {
  int64_t number = 0;
  CHECK(absl::SimpleAtoi(Field(json, name), &number)) << name << " is no number in " << json;
  return number;
}

// Metrics of one brand and window size come in the order of their ends, each once; and the engine's counts against the
// naive ones.
void CheckMetrics(const std::vector<StoredRecord>& metrics, const Firehose& firehose,
                  std::vector<std::string>* problems) {
  std::map<std::pair<std::string, int64_t>, int64_t> last;
  std::map<WindowKey, WindowCount> found;
  for (const StoredRecord& record : metrics) {
    const std::string_view line = *record.value;
    absl::Time end;
    CHECK(absl::ParseTime(absl::RFC3339_full, Field(line, R"("window_end":")"), &end, nullptr));
    const int64_t end_ms = absl::ToUnixMillis(end);
    const std::string brand(Field(line, R"("brand_id":")"));
    const int64_t size_ms = Number(line, R"("window_s":)") * 1'000;
    int64_t& before = last[{brand, size_ms}];
    if (end_ms <= before) problems->push_back(absl::StrCat("order: a window ends before its predecessor: ", line));
    before = end_ms;
    const int64_t mentions = Number(line, R"("mentions":)");
    if (mentions > 0) found[{brand, size_ms, end_ms}] = {mentions, Number(line, R"("unique_authors":)")};
  }
  if (found == firehose.windows) return;
  problems->push_back(absl::StrCat("counts differ from the naive ones: ", found.size(), " windows, expected ",
                                   firehose.windows.size()));
}

}  // namespace

Outcome World::Read() const {
  Outcome outcome;
  const PipelineSettings& settings = *WorldSettings();
  const auto partitions = static_cast<int32_t>(settings.ingest.chain.mentions_partitions);
  const std::vector<StoredRecord> metrics = ReadTopic(*log_, settings.topics.brand_metrics, partitions);
  for (const StoredRecord& record : metrics) outcome.metrics.push_back(*record.value);
  for (const StoredRecord& record : ReadTopic(*log_, settings.topics.signals, partitions)) {
    outcome.signals.push_back(Comparable(*record.value));
  }
  std::map<std::string, std::string> incidents;
  for (const StoredRecord& record : ReadTopic(*log_, settings.topics.incidents, partitions)) {
    incidents[*record.key] = Comparable(*record.value);
  }
  for (auto& [id, text] : incidents) outcome.open_incidents.push_back(std::move(text));
  for (const StoredRecord& record : ReadTopic(*log_, settings.topics.post_crisis, 1)) {
    outcome.post_crisis.push_back(Comparable(*record.value));
  }
  for (const StoredRecord& record : ReadTopic(*log_, settings.ingest.dead_letters_topic, 1)) {
    std::string place;
    for (const auto& [name, value] : record.headers) {
      if (name.find("partition") != std::string::npos || name.find("offset") != std::string::npos) {
        absl::StrAppend(&place, name, "=", value, " ");
      }
    }
    outcome.dead_letters.push_back(std::move(place));
  }
  CheckMetrics(metrics, *firehose_, &outcome.problems);
  for (int32_t partition = 0; partition < partitions; ++partition) {
    AuditPartition(*log_, {settings.ingest.mentions_topic, partition}, *firehose_, &outcome.problems);
  }
  for (std::vector<std::string>* lines :
       {&outcome.metrics, &outcome.signals, &outcome.post_crisis, &outcome.dead_letters}) {
    std::sort(lines->begin(), lines->end());
  }
  return outcome;
}

}  // namespace tocsin::simulation
