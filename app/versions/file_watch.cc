#include "app/versions/file_watch.h"

#include <sys/stat.h>

#include <utility>

namespace tocsin {

FileWatch::FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)), known_(Stamps()), seen_(known_) {}

std::vector<FileWatch::Stamp> FileWatch::Stamps() const {
  std::vector<Stamp> stamps;
  stamps.reserve(paths_.size());
  for (const std::string& path : paths_) {
    Stamp& stamp = stamps.emplace_back();
    struct stat found = {};
    if (stat(path.c_str(), &found) != 0) continue;
    constexpr int64_t kNanoseconds = 1'000'000'000;
    stamp = {.exists = true,
             .device = found.st_dev,
             .inode = found.st_ino,
             .bytes = found.st_size,
             .modified_ns = found.st_mtim.tv_sec * kNanoseconds + found.st_mtim.tv_nsec};
  }
  return stamps;
}

bool FileWatch::Look() {
  std::vector<Stamp> now = Stamps();
  const bool at_rest = now == seen_;
  seen_ = std::move(now);
  if (!at_rest || seen_ == known_) return false;
  known_ = seen_;
  return true;
}

void FileWatch::Know() { known_ = seen_ = Stamps(); }

}  // namespace tocsin
