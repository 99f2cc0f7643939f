// tocsin-train: the training of the sentiment model as a program of its own.
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "app/train/train.h"

namespace {

constexpr std::string_view kUsage = "usage: tocsin-train --data DIR --out FILE [--seed N] [--epochs N]\n";

template <typename Number>
bool ReadNumber(std::string_view text, Number& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  tocsin::TrainOptions options;
  bool usable = argc % 2 == 1;
  for (int i = 1; usable && i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string_view value = argv[i + 1];
    if (flag == "--data") {
      options.data_dir = value;
    } else if (flag == "--out") {
      options.out_path = value;
    } else if (flag == "--seed") {
      usable = ReadNumber(value, options.seed);
    } else if (flag == "--epochs") {
      usable = ReadNumber(value, options.epochs);
    } else {
      usable = false;
    }
  }
  if (!usable || options.data_dir.empty() || options.out_path.empty()) {
    std::fputs(kUsage.data(), stderr);
    return 2;
  }
  options.report = [](std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
  };
  if (const absl::Status status = tocsin::RunTrain(options); !status.ok()) {
    std::fprintf(stderr, "tocsin-train: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}
