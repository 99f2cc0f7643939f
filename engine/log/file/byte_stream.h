// The bytes of a file or of standard input, decompressed: plain, gzip or zstd, told by their first bytes and not by
// name. Several gzip members or zstd frames one after the other are one stream.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin::file {

// Reads a file descriptor without ever blocking: a pipe that has nothing just now is "not ready".
class RawInput {
 public:
  enum class Readiness : uint8_t { kReady, kNotReady, kEnd };

  // NotFound, PermissionDenied or InvalidArgument (a folder), naming the file.
  static absl::StatusOr<std::unique_ptr<RawInput>> Open(const std::string& path);
  // Borrows `fd`. `name` is for messages.
  static std::unique_ptr<RawInput> Borrow(int fd, const std::string& name);
  ~RawInput();
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;

  // Reads up to `size` bytes to `out`; `*count` is zero unless ready. DataLoss for a read error.
  absl::StatusOr<Readiness> Read(char* out, size_t size, size_t* count);

  int fd() const { return fd_; }
  const std::string& name() const { return name_; }
  // Bytes read so far, and of the whole file; -1 when it is no regular file.
  int64_t bytes_read() const { return bytes_read_; }
  int64_t bytes_total() const { return bytes_total_; }

 private:
  RawInput(int fd, bool owned, std::string name);

  const int fd_;
  const bool is_owned_;
  const std::string name_;
  int64_t bytes_read_ = 0;
  int64_t bytes_total_ = -1;
};

// Undoes one compression format.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Decodes from `*in` (advanced) to `out`; returns the bytes written, which may be none although `*in` was used up.
  virtual absl::StatusOr<size_t> Decode(const char** in, const char* in_end, char* out, size_t out_size) = 0;
  // Whether the input may end here.
  virtual bool IsComplete() const = 0;
};

class ByteStream {
 public:
  // Of compressed bytes, per stream.
  static constexpr size_t kInputBytes = size_t{256} << 10;

  explicit ByteStream(std::unique_ptr<RawInput> raw);

  // As RawInput::Read, of decoded bytes. DataLoss, naming file and byte offset, for what is cut off or damaged.
  absl::StatusOr<RawInput::Readiness> Read(char* out, size_t size, size_t* count);

  const RawInput& raw() const { return *raw_; }
  size_t buffer_bytes() const { return input_ == nullptr ? 0 : kInputBytes; }

 private:
  enum class Format : uint8_t { kUnknown, kPlain, kEncoded };

  absl::StatusOr<RawInput::Readiness> Sniff();
  absl::StatusOr<RawInput::Readiness> Refill();
  absl::StatusOr<RawInput::Readiness> ReadPlain(char* out, size_t size, size_t* count);
  absl::StatusOr<RawInput::Readiness> ReadEncoded(char* out, size_t size, size_t* count);
  // Where in the file the decoder stands.
  int64_t DecodedUpTo() const { return raw_->bytes_read() - (input_end_ - input_begin_); }

  const std::unique_ptr<RawInput> raw_;
  Format format_ = Format::kUnknown;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<char[]> input_;
  const char* input_begin_ = nullptr;
  const char* input_end_ = nullptr;
  bool has_pending_output_ = false;  // the decoder filled `out` and may hold more
};

}  // namespace tocsin::file
