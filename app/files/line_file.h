// Writes lines to a file or to standard output, in large pieces; gzip or zstd if the name ends in .gz or .zst.
//
// Pieces are of a size that stays in a core's cache from one to the next and are whole pages, which makes the kernel's
// copy cheap: 1 MB pieces cost one and a half times as much CPU, 4 MB pieces four times. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/files/line_encoder.h"

namespace tocsin {

class LineFile {
 public:
  // "-" is standard output, uncompressed. Truncates. Unavailable, with the system's reason, if it can't be opened.
  static absl::StatusOr<std::unique_ptr<LineFile>> Open(const std::string& path);
  // Closes without flushing what Flush was not called for: a caller that cares calls Finish and reads its result.
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  absl::Status Append(std::string_view line);
  // Brings everything out that was appended; a compressed file can be read up to there.
  absl::Status Flush();
  // Flushes, and ends a compressed file. Nothing may be appended afterwards.
  absl::Status Finish();

 private:
  LineFile(int fd, std::string path, std::unique_ptr<LineEncoder> encoder);

  absl::Status WriteBuffer(LineEncoder::Step step);
  absl::Status WriteOut(std::string_view bytes);

  struct FreePages {
    void operator()(char* pages) const;
  };

  const int fd_;
  const std::string path_;
  const std::unique_ptr<LineEncoder> encoder_;  // null: plain
  const std::unique_ptr<char, FreePages> buffer_;
  size_t used_ = 0;
};

}  // namespace tocsin
