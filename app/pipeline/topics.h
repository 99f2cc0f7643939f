// The topics that Tocsin writes, as deploy/topics.json has them: the binary is compiled with that file, so that code,
// chart and documents can't differ.
//
// Functions only, safe to call from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "app/config/config.h"
#include "engine/log/log.h"

namespace tocsin {

struct TopicSetting {
  std::string_view key;  // one of the broker's, such as retention.ms
  std::string_view value;
};

struct TopicRow {
  std::string Config::Topics::*name;  // where the configuration has its name
  int32_t partitions = 0;             // 0: topics.mentions_partitions
  absl::Span<const TopicSetting> settings;
  std::string_view holds;
  std::string_view why;  // these partitions and settings
};

// In the order of the file.
absl::Span<const TopicRow> TopicTable();

// What to create for `config`, in the same order.
std::vector<TopicSpec> TopicsOf(const Config& config);

}  // namespace tocsin
