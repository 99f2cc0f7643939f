#include "app/files/output_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin {

std::optional<OutputFiles::Identity> OutputFiles::Find(const std::string& path) {
  struct stat info = {};
  const int error = path == "-" ? fstat(STDIN_FILENO, &info) : stat(path.c_str(), &info);
  if (error != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return Identity(info.st_dev, info.st_ino);
}

OutputFiles::OutputFiles(const std::vector<std::string>& inputs) {
  for (const std::string& path : inputs) {
    if (const std::optional<Identity> found = Find(path)) inputs_.push_back(*found);
  }
}

absl::Status OutputFiles::Check(const std::string& path) const {
  const std::optional<Identity> found = path == "-" ? std::nullopt : Find(path);
  if (!found.has_value() || std::find(inputs_.begin(), inputs_.end(), *found) == inputs_.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("an output would overwrite an input; file=", path));
}

absl::StatusOr<LineFile*> OutputFiles::Open(const std::string& path) {
  if (path.empty()) return nullptr;
  if (absl::Status status = Check(path); !status.ok()) return status;
  const std::optional<Identity> found = path == "-" ? std::nullopt : Find(path);
  for (const Output& output : outputs_) {
    if (output.path == path || (found.has_value() && output.path != "-" && Find(output.path) == found))
      return output.file.get();
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
