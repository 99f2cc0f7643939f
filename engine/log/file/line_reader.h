// Cuts a byte stream into lines without copying them, in a buffer of bounded size.
//
// A line ends with LF, which is not part of it, nor is a CR before it. What follows the last LF is a line if it is not
// empty. A line over `line_bytes_max` is cut to that length and the rest of it is skipped.
//
//     |  lines handed out by the last Next  |  unread lines  |  part of a line  |  free  |  padding  |
//                                        begin_            scanned_           end_
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/log/file/byte_stream.h"

namespace tocsin::file {

class LineReader {
 public:
  struct Options {
    size_t buffer_bytes = 0;    // of a buffer that has not met a longer line
    size_t line_bytes_max = 0;  // longer lines are cut
    size_t padding_bytes = 0;   // readable behind every line
    size_t lines_max = 0;       // of one Next
  };

  enum class Outcome : uint8_t {
    kLines,     // `*lines` has some; more may follow at once
    kNotReady,  // none just now: wait for raw().fd()
    kEnd,       // none, and there will be none
  };

  LineReader(std::unique_ptr<RawInput> raw, const Options& options);

  // Appends lines to `*lines`: views that are valid until the next call. A read error comes when all whole lines before
  // it have been handed out, and again at every later call.
  absl::StatusOr<Outcome> Next(std::vector<std::string_view>* lines);

  // True when Next has nothing left but kEnd, so that the last lines can be told to be the last.
  bool HasEnded() const { return has_ended_ && begin_ == end_; }

  const RawInput& raw() const { return stream_.raw(); }
  uint64_t cut_lines() const { return cut_lines_; }
  size_t held_bytes() const { return capacity_ + options_.padding_bytes + stream_.buffer_bytes(); }

 private:
  // Reads until the buffer is full, the stream not ready, or ended.
  absl::StatusOr<Outcome> Fill();
  void MakeRoom();
  void Reallocate(size_t capacity);
  void TakeLines(std::vector<std::string_view>* lines);
  // Hands out a line that is known to be too long and begins to skip the rest of it.
  void CutLine(std::vector<std::string_view>* lines);
  void Emit(std::string_view line, std::vector<std::string_view>* lines);

  const Options options_;
  ByteStream stream_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;  // without the padding
  size_t begin_ = 0;
  size_t scanned_ = 0;  // no LF in [begin_, scanned_)
  size_t end_ = 0;
  bool is_skipping_ = false;  // up to the next LF
  bool has_ended_ = false;
  absl::Status error_;
  uint64_t cut_lines_ = 0;
};

}  // namespace tocsin::file
