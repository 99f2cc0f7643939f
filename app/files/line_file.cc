#include "app/files/line_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

LineFile::LineFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

absl::StatusOr<std::unique_ptr<LineFile>> LineFile::Open(const std::string& path) {
  const int fd = path == "-" ? STDOUT_FILENO : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("can't write: ", std::strerror(errno), "; file=", path));
  return std::unique_ptr<LineFile>(new LineFile(fd, path));
}

LineFile::~LineFile() {
  if (fd_ != STDOUT_FILENO) ::close(fd_);
}

absl::Status LineFile::Append(std::string_view line) {
  buffer_.append(line);
  buffer_.push_back('\n');
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status LineFile::Flush() {
  for (std::string_view rest = buffer_; !rest.empty();) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return absl::UnavailableError(absl::StrCat("can't write: ", std::strerror(errno), "; file=", path_));
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return absl::OkStatus();
}

}  // namespace tocsin
