// What a fuzz target is made of: fuzz_main.cc gives these two to libFuzzer.
//
// A finding is a sanitizer's report or a CHECK that fails. Inputs come as exact allocations, so that a read behind the
// end is seen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// Runs the code under test once.
void FuzzOne(std::string_view input);

// Inputs to begin with, always the same ones. `--seeds=DIR` on the command line writes them there as files.
std::vector<std::string> FuzzSeeds();

// Takes the first byte off; 0 if there is none.
inline uint8_t TakeByte(std::string_view* input) {
  if (input->empty()) return 0;
  const auto byte = static_cast<uint8_t>(input->front());
  input->remove_prefix(1);
  return byte;
}

}  // namespace tocsin
