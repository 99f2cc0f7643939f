// Writes lines to a file or to standard output, in large pieces. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin {

class LineFile {
 public:
  // "-" is standard output. Truncates. Unavailable, with the system's reason, if it can't be opened.
  static absl::StatusOr<std::unique_ptr<LineFile>> Open(const std::string& path);
  // Closes without flushing what Flush was not called for: a caller that cares calls it and reads its result.
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  absl::Status Append(std::string_view line);
  absl::Status Flush();

 private:
  LineFile(int fd, std::string path);

  const int fd_;
  const std::string path_;
  std::string buffer_;
};

}  // namespace tocsin
