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
  // What must not be overwritten: files that the command reads, "-" for standard input. Those that can't be found are
  // nobody's.
  explicit OutputFiles(const std::vector<std::string>& inputs);

  // InvalidArgument: it is one of the inputs. Before the first of several is opened, and so emptied.
  absl::Status Check(const std::string& path) const;
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

  // Of a regular file; "-" is standard input.
  static std::optional<Identity> Find(const std::string& path);

  std::vector<Identity> inputs_;
  std::vector<Output> outputs_;
};

}  // namespace tocsin
