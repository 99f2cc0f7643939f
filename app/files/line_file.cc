#include "app/files/line_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr size_t kPageBytes = 4'096;

char* NewPages() {
  char* const pages = static_cast<char*>(std::aligned_alloc(kPageBytes, kBufferBytes));
  CHECK(pages != nullptr);
  return pages;
}

}  // namespace

void LineFile::FreePages::operator()(char* pages) const { std::free(pages); }

LineFile::LineFile(int fd, std::string path, std::unique_ptr<LineEncoder> encoder)
    : fd_(fd), path_(std::move(path)), encoder_(std::move(encoder)), buffer_(NewPages()) {}

absl::StatusOr<std::unique_ptr<LineFile>> LineFile::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<LineEncoder>> encoder = LineEncoder::ForName(path);
  if (!encoder.ok()) return encoder.status();
  const int fd = path == "-" ? STDOUT_FILENO : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("can't write: ", std::strerror(errno), "; file=", path));
  return std::unique_ptr<LineFile>(new LineFile(fd, path, *std::move(encoder)));
}

LineFile::~LineFile() {
  if (fd_ != STDOUT_FILENO) ::close(fd_);
}

absl::Status LineFile::Append(std::string_view line) {
  for (std::string_view rest : {line, std::string_view("\n")}) {
    while (!rest.empty()) {
      const size_t part = std::min(rest.size(), kBufferBytes - used_);
      std::memcpy(buffer_.get() + used_, rest.data(), part);
      used_ += part;
      rest.remove_prefix(part);
      if (used_ < kBufferBytes) continue;
      if (absl::Status status = WriteBuffer(LineEncoder::Step::kMore); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status LineFile::Flush() { return WriteBuffer(LineEncoder::Step::kFlush); }

absl::Status LineFile::Finish() { return WriteBuffer(LineEncoder::Step::kEnd); }

absl::Status LineFile::WriteBuffer(LineEncoder::Step step) {
  std::string_view bytes(buffer_.get(), used_);
  used_ = 0;
  if (encoder_ == nullptr) return WriteOut(bytes);
  const absl::StatusOr<std::string_view> encoded = encoder_->Encode(bytes, step);
  return encoded.ok() ? WriteOut(*encoded) : encoded.status();
}

absl::Status LineFile::WriteOut(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return absl::UnavailableError(absl::StrCat("can't write: ", std::strerror(errno), "; file=", path_));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace tocsin
