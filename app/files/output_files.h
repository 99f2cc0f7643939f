// The files that one command writes lines to: one LineFile for each, whatever names it goes by, so that what is written
// to the same file lies in it line by line. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/files/line_file.h"

namespace tocsin {

class OutputFiles {
 public:
  // What must not be overwritten: files that the command reads. Those that can't be found are nobody's.
  explicit OutputFiles(const std::vector<std::string>& inputs);

  // As LineFile::Open. Null for an empty name. InvalidArgument: it is one of the inputs.
  absl::StatusOr<LineFile*> Open(const std::string& path);

  absl::Status Flush();
  absl::Status Finish();

 private:
  using Identity = std::pair<dev_t, ino_t>;
  struct Output {
    std::string path;
    std::unique_ptr<LineFile> file;
  };

  // Of a regular file.
  static std::optional<Identity> Find(const std::string& path);

  std::vector<Identity> inputs_;
  std::vector<Output> outputs_;
};

}  // namespace tocsin
