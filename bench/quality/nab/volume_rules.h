// Rules on volume that products of the field publish, over counts in five-minute bins: what the shipped alarm is
// compared with. None looks ahead. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tocsin {

struct VolumeRule {
  std::string name;
  // For each bin, whether the rule holds at its end.
  std::function<std::vector<bool>(const std::vector<int64_t>& counts)> holds;
};

std::vector<VolumeRule> PublishedVolumeRules();

// The bins at which an alarm goes out: where `holds`, and none within `cooldown_bins` after one.
std::vector<size_t> WithCooldown(const std::vector<bool>& holds, size_t cooldown_bins);

}  // namespace tocsin
