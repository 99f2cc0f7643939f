// A published signal as somebody at a terminal wants to read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

struct SignalView {
  std::string json;     // as published
  std::string time;     // window end, RFC 3339
  int64_t time_ms = 0;  // the same; 0 if it can't be read
  std::string brand_id;
  int64_t level = 0;
  int64_t previous_level = 0;
  std::string text;  // the block, with a line end behind each line
};

// Reads the value of a record of the signals topic, or a structured CloudEvent (`replay`, tocsin.incidents). nullopt if
// it is neither. Values that are missing or null are left out of the block.
std::optional<SignalView> ViewSignal(std::string_view json);

struct SignalFilter {
  std::vector<std::string> brands;  // empty: all
  int64_t least_level = 0;

  // An incident that eases or ends has come down from its level, so that one counts too.
  bool Admits(const SignalView& view) const;
};

}  // namespace tocsin
