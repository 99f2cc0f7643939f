// What a check found, a line each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tocsin {

enum class CheckLevel : uint8_t { kOk, kWarning, kError };

struct CheckLine {
  CheckLevel level = CheckLevel::kOk;
  std::string text;  // of a warning or an error: "what; what to do"
};

class CheckReport {
 public:
  void Ok(std::string text) { lines_.push_back({CheckLevel::kOk, std::move(text)}); }
  void Warn(std::string text) { lines_.push_back({CheckLevel::kWarning, std::move(text)}); }
  void Error(std::string text) { lines_.push_back({CheckLevel::kError, std::move(text)}); }

  const std::vector<CheckLine>& lines() const { return lines_; }
  int64_t Count(CheckLevel level) const {
    return std::count_if(lines_.begin(), lines_.end(), [level](const CheckLine& line) { return line.level == level; });
  }

 private:
  std::vector<CheckLine> lines_;
};

}  // namespace tocsin
