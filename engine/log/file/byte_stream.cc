#include "engine/log/file/byte_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::file {
namespace {

constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);
// A skippable frame, with which parallel compressors begin: 0x50 to 0x5f, then this.
constexpr std::string_view kZstdSkippableMagic("\x2a\x4d\x18", 3);

enum class Match : uint8_t { kNo, kTooShort, kYes };

Match MatchMagic(std::string_view head, std::string_view magic) {
  if (head.starts_with(magic)) return Match::kYes;
  return magic.starts_with(head) ? Match::kTooShort : Match::kNo;
}

Match MatchZstd(std::string_view head) {
  if (head.empty() || (static_cast<unsigned char>(head.front()) & 0xf0) != 0x50) return MatchMagic(head, kZstdMagic);
  return MatchMagic(head.substr(1), kZstdSkippableMagic);
}

class GzipDecoder : public Decoder {
 public:
  GzipDecoder() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    is_ready_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  absl::StatusOr<size_t> Decode(const char** in, const char* in_end, char* out, size_t out_size) override {
    if (!is_ready_) return absl::ResourceExhaustedError("no memory for zlib");
    if (between_members_) {
      // Tapes and some tools fill up with zeros.
      while (*in != in_end && **in == '\0') ++*in;
      if (*in == in_end) return size_t{0};
      inflateReset(&stream_);
      between_members_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(*in));
    stream_.avail_in = static_cast<uInt>(in_end - *in);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(out_size);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    *in = in_end - stream_.avail_in;
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return absl::DataLossError(absl::StrCat("damaged gzip data: ", stream_.msg == nullptr ? "" : stream_.msg));
    }
    return out_size - stream_.avail_out;
  }

  bool IsComplete() const override { return between_members_; }

 private:
  z_stream stream_ = {};
  bool is_ready_ = false;
  bool between_members_ = false;
};

class ZstdDecoder : public Decoder {
 public:
  absl::StatusOr<size_t> Decode(const char** in, const char* in_end, char* out, size_t out_size) override {
    if (stream_ == nullptr) return absl::ResourceExhaustedError("no memory for zstd");
    ZSTD_inBuffer input = {*in, static_cast<size_t>(in_end - *in), 0};
    ZSTD_outBuffer output = {out, out_size, 0};
    const size_t result = ZSTD_decompressStream(stream_.get(), &output, &input);
    *in += input.pos;
    if (ZSTD_isError(result) != 0) {
      return absl::DataLossError(absl::StrCat("damaged zstd data: ", ZSTD_getErrorName(result)));
    }
    if (input.pos > 0 || output.pos > 0) between_frames_ = result == 0;
    return output.pos;
  }

  bool IsComplete() const override { return between_frames_; }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  bool between_frames_ = false;
};

}  // namespace

RawInput::RawInput(int fd, bool owned, std::string name) : fd_(fd), is_owned_(owned), name_(std::move(name)) {
  struct stat info = {};
  if (fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) bytes_total_ = info.st_size;
}

RawInput::~RawInput() {
  if (is_owned_) close(fd_);
}

absl::StatusOr<std::unique_ptr<RawInput>> RawInput::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't open: file=", path));
  std::unique_ptr<RawInput> input(new RawInput(fd, /*owned=*/true, path));
  struct stat info = {};
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("is a folder: file=", path));
  }
  return input;
}

std::unique_ptr<RawInput> RawInput::Borrow(int fd, const std::string& name) {
  return std::unique_ptr<RawInput>(new RawInput(fd, /*owned=*/false, name));
}

absl::StatusOr<RawInput::Readiness> RawInput::Read(char* out, size_t size, size_t* count) {
  *count = 0;
  if (bytes_total_ < 0) {
    pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 0) == 0) return Readiness::kNotReady;
  }
  for (;;) {
    const ssize_t result = read(fd_, out, size);
    if (result > 0) {
      *count = static_cast<size_t>(result);
      bytes_read_ += result;
      return Readiness::kReady;
    }
    if (result == 0) return Readiness::kEnd;
    if (errno == EAGAIN) return Readiness::kNotReady;
    if (errno != EINTR) {
      return absl::DataLossError(
          absl::StrCat("can't read: ", std::strerror(errno), " file=", name_, " byte=", bytes_read_));
    }
  }
}

ByteStream::ByteStream(std::unique_ptr<RawInput> raw) : raw_(std::move(raw)) {}

absl::StatusOr<RawInput::Readiness> ByteStream::Refill() {
  const auto kept = static_cast<size_t>(input_end_ - input_begin_);
  if (kept > 0) std::memmove(input_.get(), input_begin_, kept);
  size_t count = 0;
  absl::StatusOr<RawInput::Readiness> readiness = raw_->Read(input_.get() + kept, kInputBytes - kept, &count);
  input_begin_ = input_.get();
  input_end_ = input_.get() + kept + count;
  return readiness;
}

// Decides as soon as the bytes that have come can't be the beginning of another format.
absl::StatusOr<RawInput::Readiness> ByteStream::Sniff() {
  if (input_ == nullptr) {
    input_ = std::make_unique_for_overwrite<char[]>(kInputBytes);
    input_begin_ = input_end_ = input_.get();
  }
  for (;;) {
    const std::string_view head(input_begin_, static_cast<size_t>(input_end_ - input_begin_));
    const Match gzip = MatchMagic(head, kGzipMagic);
    const Match zstd = MatchZstd(head);
    if (gzip == Match::kYes) decoder_ = std::make_unique<GzipDecoder>();
    if (zstd == Match::kYes) decoder_ = std::make_unique<ZstdDecoder>();
    if (decoder_ != nullptr) {
      format_ = Format::kEncoded;
      return RawInput::Readiness::kReady;
    }
    if (gzip == Match::kNo && zstd == Match::kNo) break;
    absl::StatusOr<RawInput::Readiness> readiness = Refill();
    if (!readiness.ok() || *readiness == RawInput::Readiness::kNotReady) return readiness;
    if (*readiness == RawInput::Readiness::kEnd) break;
  }
  format_ = Format::kPlain;
  return RawInput::Readiness::kReady;
}

absl::StatusOr<RawInput::Readiness> ByteStream::ReadPlain(char* out, size_t size, size_t* count) {
  if (input_begin_ != input_end_) {
    *count = std::min(size, static_cast<size_t>(input_end_ - input_begin_));
    std::memcpy(out, input_begin_, *count);
    input_begin_ += *count;
    return RawInput::Readiness::kReady;
  }
  input_begin_ = input_end_ = nullptr;
  input_.reset();
  return raw_->Read(out, size, count);
}

absl::StatusOr<RawInput::Readiness> ByteStream::ReadEncoded(char* out, size_t size, size_t* count) {
  for (;;) {
    if (input_begin_ == input_end_ && !has_pending_output_) {
      absl::StatusOr<RawInput::Readiness> readiness = Refill();
      if (!readiness.ok() || *readiness == RawInput::Readiness::kNotReady) return readiness;
      if (*readiness == RawInput::Readiness::kEnd) {
        if (decoder_->IsComplete()) return RawInput::Readiness::kEnd;
        return absl::DataLossError(
            absl::StrCat("the compressed file is cut off: file=", raw_->name(), " byte=", raw_->bytes_read()));
      }
    }
    const absl::StatusOr<size_t> decoded = decoder_->Decode(&input_begin_, input_end_, out, size);
    if (!decoded.ok()) {
      return absl::Status(decoded.status().code(),
                          absl::StrCat(decoded.status().message(), " file=", raw_->name(), " byte=", DecodedUpTo()));
    }
    has_pending_output_ = *decoded == size;
    if (*decoded > 0) {
      *count = *decoded;
      return RawInput::Readiness::kReady;
    }
  }
}

absl::StatusOr<RawInput::Readiness> ByteStream::Read(char* out, size_t size, size_t* count) {
  *count = 0;
  if (format_ == Format::kUnknown) {
    absl::StatusOr<RawInput::Readiness> readiness = Sniff();
    if (!readiness.ok() || *readiness != RawInput::Readiness::kReady) return readiness;
  }
  return format_ == Format::kPlain ? ReadPlain(out, size, count) : ReadEncoded(out, size, count);
}

}  // namespace tocsin::file
