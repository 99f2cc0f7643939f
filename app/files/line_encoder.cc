#include "app/files/line_encoder.h"

#include <zlib.h>
#include <zstd.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

// Fast levels: what is written this way is read back by machines.
constexpr int kZstdLevel = 1;
constexpr int kGzipLevel = 1;
constexpr size_t kPieceBytes = size_t{128} << 10;

class ZstdEncoder final : public LineEncoder {
 public:
  explicit ZstdEncoder(ZSTD_CCtx* context) : context_(context) {}

  absl::StatusOr<std::string_view> Encode(std::string_view in, Step step) override {
    const ZSTD_EndDirective directive =
        step == Step::kMore ? ZSTD_e_continue : (step == Step::kFlush ? ZSTD_e_flush : ZSTD_e_end);
    ZSTD_inBuffer input = {in.data(), in.size(), 0};
    size_t size = 0;
    while (true) {
      if (out_.size() - size < kPieceBytes) out_.resize(size + kPieceBytes);
      ZSTD_outBuffer output = {out_.data(), out_.size(), size};
      const size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
      if (ZSTD_isError(left) != 0) return absl::InternalError(absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
      size = output.pos;
      if (step == Step::kMore ? input.pos == input.size : left == 0) return std::string_view(out_.data(), size);
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  const std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::vector<char> out_;
};

class GzipEncoder final : public LineEncoder {
 public:
  ~GzipEncoder() override {
    if (ready_) deflateEnd(&stream_);
  }
  GzipEncoder() = default;
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  bool Init() {
    constexpr int kWindowBitsOfGzip = 15 + 16;
    ready_ = deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kWindowBitsOfGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    return ready_;
  }

  absl::StatusOr<std::string_view> Encode(std::string_view in, Step step) override {
    const int flush = step == Step::kMore ? Z_NO_FLUSH : (step == Step::kFlush ? Z_SYNC_FLUSH : Z_FINISH);
    input_.assign(in.begin(), in.end());  // zlib's pointers are not const
    stream_.next_in = input_.data();
    stream_.avail_in = static_cast<uInt>(input_.size());
    size_t size = 0;
    while (true) {
      if (out_.size() - size < kPieceBytes) out_.resize(size + kPieceBytes);
      stream_.next_out = out_.data() + size;
      stream_.avail_out = static_cast<uInt>(out_.size() - size);
      const int result = deflate(&stream_, flush);
      if (result == Z_STREAM_ERROR) return absl::InternalError("zlib: stream error");
      size = out_.size() - stream_.avail_out;
      const bool done = step == Step::kEnd ? result == Z_STREAM_END : stream_.avail_out > 0;
      if (done) return std::string_view(reinterpret_cast<const char*>(out_.data()), size);
    }
  }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
  std::vector<Bytef> input_, out_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LineEncoder>> LineEncoder::ForName(std::string_view path) {
  if (absl::EndsWith(path, ".zst")) {
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    if (context == nullptr || ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kZstdLevel)) != 0) {
      ZSTD_freeCCtx(context);
      return absl::InternalError("zstd: no context");
    }
    return std::make_unique<ZstdEncoder>(context);
  }
  if (absl::EndsWith(path, ".gz")) {
    auto encoder = std::make_unique<GzipEncoder>();
    if (!encoder->Init()) return absl::InternalError("zlib: no stream");
    return encoder;
  }
  return nullptr;
}

}  // namespace tocsin
