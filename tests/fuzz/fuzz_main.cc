// libFuzzer's entry points.
#include <fstream>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/fuzz_target.h"

// libFuzzer passes over flags that begin with "--": they are left to the target.
extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  constexpr std::string_view kSeeds = "--seeds=";
  for (int i = 1; i < *count; ++i) {
    const std::string_view argument = (*arguments)[i];
    if (!absl::StartsWith(argument, kSeeds)) continue;
    const std::vector<std::string> seeds = tocsin::FuzzSeeds();
    for (size_t seed = 0; seed < seeds.size(); ++seed) {
      std::ofstream file(absl::StrCat(argument.substr(kSeeds.size()), "/seed-", seed), std::ios::binary);
      file << seeds[seed];
      file.close();
      CHECK(file.good()) << "can't write seeds to " << argument;
    }
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::FuzzOne(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
