// Tells when files have changed, by looking at them now and then.
//
// Looking works where notifications do not: network file systems, and the symbolic links that Kubernetes puts over a
// ConfigMap. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin {

class FileWatch {
 public:
  // What the files are like just now counts as known.
  explicit FileWatch(std::vector<std::string> paths);

  // True once for every change, when the files have stayed the same since the look before: half-written ones are let
  // be.
  bool Look();
  // Somebody is about to read the files anyway: what they are like just now counts as known.
  void Know();

 private:
  struct Stamp {
    bool exists = false;
    dev_t device = 0;
    ino_t inode = 0;
    int64_t bytes = 0;
    int64_t modified_ns = 0;

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  std::vector<Stamp> Stamps() const;

  const std::vector<std::string> paths_;
  std::vector<Stamp> known_;  // as last reported
  std::vector<Stamp> seen_;   // at the last look
};

}  // namespace tocsin
