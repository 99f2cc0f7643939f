// Reading what a world has published: World::Read.
#include <algorithm>
#include <map>
#include <string_view>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "operators/block/block.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {
namespace {

// Fields that the same posts may change (DESIGN, "What is promised"); as tests/pipeline/signal_fields.py.
constexpr std::string_view kMayDiffer[] = {R"("emitted_at":)", R"("topic":)",        R"("partition":)",
                                           R"("offset":)",     R"("completeness":)", R"("late_dropped":)",
                                           R"("gaps":)",       R"("lag_ms":)",       R"("stale":)"};

// Behind the string that begins at the quotation mark at `at`.
size_t StringEnd(std::string_view json, size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

// The record without the values of those. A quotation mark within a string is escaped, so a name is found only where it
// is one; and their values are no containers. (To parse the records would cost as much as to make them.)
std::string Comparable(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  while (!json.empty()) {
    const size_t name = json.find('"');
    const auto* const found = std::find_if(std::begin(kMayDiffer), std::end(kMayDiffer), [&](std::string_view field) {
      return name != std::string_view::npos && json.substr(name).starts_with(field);
    });
    if (found == std::end(kMayDiffer)) {
      const size_t end = name == std::string_view::npos ? json.size() : StringEnd(json, name);
      text.append(json.substr(0, end));
      json.remove_prefix(end);
      continue;
    }
    text.append(json.substr(0, name + found->size()));
    json.remove_prefix(name + found->size());
    const size_t end = json.starts_with('"') ? StringEnd(json, 0) : 0;
    json.remove_prefix(std::min(json.find_first_of(",}", end), json.size()));
  }
  return text;
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
// was read. Adds the offsets of the actions that count.
void AuditPartition(const MemoryLog& log, const TopicPartition& partition, const Firehose& firehose,
                    std::vector<Offset>* actions, std::vector<std::string>* problems) {
  auto records = log.ReadStored(partition);
  CHECK_OK(records.status());
  std::map<TopicPartition, Offset> behind;
  SourceRange total;

  Block block;
  for (const StoredRecord& record : *records) {
    CHECK_OK(DecodeBlock(*record.value, &block));
    if (block.part != 0) continue;
    for (const SourceRange& range : block.sources) {
      if (!range.accounts()) continue;
      const auto [last, first] = behind.try_emplace({range.topic, range.partition}, 0);
      if (range.from == last->second) {
        last->second = range.to;
        if (range.control) {
          for (const BlockAction& action : block.actions) actions->push_back(action.offset);
          continue;
        }
        total.records += range.records;
        total.matched += range.matched;
        total.unmatched += range.unmatched;
        total.dead += range.dead;
        total.official += range.official;
      } else if (range.to > last->second) {  // else it was written twice on purpose

        problems->push_back(absl::StrCat("audit: source partition ", range.topic, "/", range.partition, " goes on at ",
                                         range.from, " instead of ", last->second, " in mentions partition ",
                                         partition.partition));
        last->second = range.to;
      }
    }
  }
  const auto expect = [&](std::string_view name, int64_t found, int64_t expected) {
    if (found == expected) return;
    problems->push_back(absl::StrCat("account: ", name, " ", found, " instead of ", expected, " in mentions partition ",
                                     partition.partition));
  };
  expect("records", total.records, static_cast<int64_t>(firehose.posts.size()));
  expect("matched", total.matched, firehose.matched);
  expect("unmatched", total.unmatched, firehose.unmatched);
  expect("dead", total.dead, firehose.dead);
  expect("official", total.official, firehose.official);
}

// The next field of that name of a flat record as the engine writes it; `*json` goes on behind it. Many are read, and a
// parser would cost more than the world.
std::string_view Field(std::string_view* json, std::string_view name) {
  const size_t key = json->find(name);
  CHECK(key != std::string_view::npos) << name << " is missing in " << *json;
  json->remove_prefix(key + name.size());
  return json->substr(0, json->find_first_of(",}\""));
}

int64_t Number(std::string_view* json, std::string_view name) {
  int64_t number = 0;
  CHECK(absl::SimpleAtoi(Field(json, name), &number)) << name << " is no number before " << *json;
  return number;
}

// Of a time that is written as "2026-01-01T00:00:00Z", perhaps with a fraction.
int64_t Milliseconds(std::string_view time) {
  const auto number = [time](size_t at, size_t digits) {
    int64_t value = 0;
    CHECK(time.size() > at + digits && absl::SimpleAtoi(time.substr(at, digits), &value)) << time;
    return value;
  };
  CHECK_EQ(time.back(), 'Z') << time;
  const absl::CivilSecond second(number(0, 4), number(5, 2), number(8, 2), number(11, 2), number(14, 2), number(17, 2));
  const int64_t millis = time[19] == '.' ? number(20, 3) : 0;
  return (second - absl::CivilSecond(1970)) * 1'000 + millis;
}

// Metrics of one brand and window size come in the order of their ends, each once; and the engine's counts against the
// naive ones.
void CheckMetrics(const std::vector<StoredRecord>& metrics, const Firehose& firehose,
                  std::vector<std::string>* problems) {
  std::map<std::pair<std::string, int64_t>, int64_t> last;
  size_t windows = 0;
  for (const StoredRecord& record : metrics) {
    std::string_view rest = *record.value;
    std::string brand(Field(&rest, R"("brand_id":")"));
    const int64_t end_ms = Milliseconds(Field(&rest, R"("window_end":")"));
    const int64_t size_ms = Number(&rest, R"("window_s":)") * 1'000;
    int64_t& before = last[{brand, size_ms}];
    if (end_ms <= before) {
      problems->push_back(absl::StrCat("order: a window ends before its predecessor: ", *record.value));
    }
    before = end_ms;
    const int64_t mentions = Number(&rest, R"("mentions":)");
    if (mentions == 0) continue;
    const WindowCount found{.mentions = mentions, .authors = Number(&rest, R"("unique_authors":)")};
    const auto expected = firehose.windows.find({std::move(brand), size_ms, end_ms});
    ++windows;
    if (expected != firehose.windows.end() && expected->second == found) continue;
    problems->push_back(absl::StrCat("a window's counts differ from the naive ones: ", *record.value));
  }
  if (windows == firehose.windows.size()) return;
  problems->push_back(absl::StrCat(windows, " windows have mentions instead of ", firehose.windows.size()));
}

// Each record that is no post must be there once, under the place where it stood.
void CheckDeadLetters(const std::vector<StoredRecord>& letters, const Firehose& firehose,
                      const std::vector<Arrival>& arrivals, std::vector<std::string>* problems) {
  std::vector<std::pair<std::string, std::string>> expected;
  std::vector<int64_t> ends(kPartitions);
  for (const Arrival& arrival : arrivals) {
    const int64_t offset = ends[static_cast<size_t>(arrival.partition)]++;
    if (!firehose.posts[arrival.post].is_dead) continue;
    expected.emplace_back(absl::StrCat("posts/", arrival.partition), absl::StrCat(offset));
  }
  const std::string actions_key = absl::StrCat(WorldSettings()->ingest.actions_topic, "/0");
  for (size_t i = 0; i < firehose.actions.size(); ++i) {
    const FirehoseAction::Fate fate = firehose.actions[i].fate;
    if (fate == FirehoseAction::Fate::kUnusable || fate == FirehoseAction::Fate::kRefused) {
      expected.emplace_back(actions_key, absl::StrCat(i));
    }
  }
  std::vector<std::pair<std::string, std::string>> found;
  for (const StoredRecord& letter : letters) {
    const auto offset = std::find_if(letter.headers.begin(), letter.headers.end(),
                                     [](const auto& header) { return header.first == "offset"; });
    found.emplace_back(*letter.key, offset == letter.headers.end() ? "" : offset->second);
    // Whether the crisis was open is not counted naively; the calm world says.
    int64_t action = 0;
    const bool may_be = *letter.key == actions_key && absl::SimpleAtoi(found.back().second, &action) &&
                        firehose.actions[static_cast<size_t>(action)].fate == FirehoseAction::Fate::kAsItComes;
    if (may_be) found.pop_back();
  }
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  if (found == expected) return;
  problems->push_back(absl::StrCat("dead letters: ", found.size(), " instead of ", expected.size(), ", or others"));
}

// Each action that can be used must be in the mentions log once, and each drill must have given its three signals.
void CheckActions(const Firehose& firehose, std::vector<Offset> offsets, const std::vector<std::string>& signals,
                  std::vector<std::string>* problems) {
  std::vector<Offset> expected;
  for (size_t i = 0; i < firehose.actions.size(); ++i) {
    const FirehoseAction& action = firehose.actions[i];
    if (action.fate != FirehoseAction::Fate::kUnusable) expected.push_back(static_cast<Offset>(i));
    if (action.drill_id.empty()) continue;
    const std::string id = absl::StrCat(R"("incident_id":")", action.drill_id, "\"");
    const auto count = std::count_if(signals.begin(), signals.end(), [&](const std::string& signal) {
      return signal.find(id) != std::string::npos && signal.find(R"("status":"exercise")") != std::string::npos;
    });
    if (count != 3) problems->push_back(absl::StrCat(action.drill_id, " has ", count, " signals instead of 3"));
  }
  std::sort(offsets.begin(), offsets.end());
  if (offsets != expected) {
    problems->push_back(
        absl::StrCat("actions: ", offsets.size(), " in the mentions log instead of ", expected.size(), ", or others"));
  }
}

std::vector<std::string> ActionLetters(const std::vector<StoredRecord>& letters) {
  std::vector<std::string> lines;
  for (const StoredRecord& letter : letters) {
    if (!letter.key->starts_with(WorldSettings()->ingest.actions_topic)) continue;
    std::string line = *letter.value;
    for (const auto& [name, value] : letter.headers) absl::StrAppend(&line, " ", name, "=", value);
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
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
  const std::vector<StoredRecord> open = ReadTopic(*log_, settings.topics.incidents, partitions);
  std::map<std::string_view, std::string_view> incidents;
  for (const StoredRecord& record : open) incidents[*record.key] = *record.value;
  for (const auto& [id, text] : incidents) outcome.open_incidents.push_back(Comparable(text));
  for (const StoredRecord& record : ReadTopic(*log_, settings.topics.post_crisis, 1)) {
    outcome.post_crisis.push_back(Comparable(*record.value));
  }
  const std::vector<StoredRecord> letters = ReadTopic(*log_, settings.ingest.dead_letters_topic, 1);
  CheckDeadLetters(letters, *firehose_, arrivals_, &outcome.problems);
  outcome.dead_letters = ActionLetters(letters);
  CheckMetrics(metrics, *firehose_, &outcome.problems);
  std::vector<Offset> actions;
  for (int32_t partition = 0; partition < partitions; ++partition) {
    AuditPartition(*log_, {settings.ingest.mentions_topic, partition}, *firehose_, &actions, &outcome.problems);
  }
  CheckActions(*firehose_, std::move(actions), outcome.signals, &outcome.problems);
  for (std::vector<std::string>* lines : {&outcome.metrics, &outcome.signals, &outcome.post_crisis}) {
    std::sort(lines->begin(), lines->end());
  }
  return outcome;
}

}  // namespace tocsin::simulation
