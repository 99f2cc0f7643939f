// The payload of a snapshot: what a detect task is restored from. What decodes must encode to the same again.
#include <memory>

#include "absl/log/check.h"
#include "operators/task/detect_task.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/operators/task/post_stream.h"

namespace tocsin {
namespace {

constexpr size_t kBrands = 3;

const std::shared_ptr<const Watchlist>& Brands() {
  static const auto* const brands = new std::shared_ptr<const Watchlist>(MakeWatchlist(kBrands));
  return *brands;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  StreamOptions stream;
  stream.brands = kBrands;
  stream.posts = 300;
  DetectTask task(DetectTaskOptions(), Brands());
  std::vector<std::string> seeds = {task.Encode()};
  std::vector<DetectOutput> outputs;
  Offset offset = 0;
  for (const std::string& block : CutIntoBlocks(MakePosts(stream), {})) {
    CHECK_OK(task.Apply(block, offset, &outputs));
    if (++offset % 64 == 1) seeds.push_back(task.Encode());
  }
  seeds.push_back(task.Encode());
  return seeds;
}

void FuzzOne(std::string_view input) {
  DetectTask task(DetectTaskOptions(), Brands());
  if (!task.Decode(input).ok()) return;
  (void)task.rebuild_from();
  const std::string encoded = task.Encode();
  DetectTask again(DetectTaskOptions(), Brands());
  CHECK_OK(again.Decode(encoded));
  CHECK(again.Encode() == encoded);
}

}  // namespace tocsin
