#include "app/files/output_files.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin {

std::optional<OutputFiles::Identity> OutputFiles::Find(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return Identity(info.st_dev, info.st_ino);
}

OutputFiles::OutputFiles(const std::vector<std::string>& inputs) {
  for (const std::string& path : inputs) {
    if (const std::optional<Identity> found = Find(path)) inputs_.push_back(*found);
  }
}

absl::StatusOr<LineFile*> OutputFiles::Open(const std::string& path) {
  if (path.empty()) return nullptr;
  const std::optional<Identity> found = Find(path);
  if (found.has_value() && std::find(inputs_.begin(), inputs_.end(), *found) != inputs_.end()) {
    return absl::InvalidArgumentError(absl::StrCat("an output would overwrite an input; file=", path));
  }
  for (const Output& output : outputs_) {
    if (output.path == path || (found.has_value() && Find(output.path) == found)) return output.file.get();
  }
  absl::StatusOr<std::unique_ptr<LineFile>> opened = LineFile::Open(path);
  if (!opened.ok()) return opened.status();
  outputs_.push_back({path, *std::move(opened)});
  return outputs_.back().file.get();
}

absl::Status OutputFiles::Flush() {
  for (const Output& output : outputs_) {
    if (absl::Status status = output.file->Flush(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status OutputFiles::Finish() {
  for (const Output& output : outputs_) {
    if (absl::Status status = output.file->Finish(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace tocsin
