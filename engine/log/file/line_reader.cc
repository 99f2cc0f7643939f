#include "engine/log/file/line_reader.h"

#include <algorithm>
#include <cstring>

namespace tocsin::file {

LineReader::LineReader(std::unique_ptr<RawInput> raw, const Options& options)
    : options_(options), stream_(std::move(raw)) {}

absl::StatusOr<LineReader::Outcome> LineReader::Next(std::vector<std::string_view>* lines) {
  for (;;) {
    TakeLines(lines);
    if (!lines->empty()) return Outcome::kLines;
    if (!error_.ok()) return error_;
    if (has_ended_) return Outcome::kEnd;
    absl::StatusOr<Outcome> filled = Fill();
    if (!filled.ok()) {
      error_ = filled.status();
    } else if (*filled == Outcome::kNotReady) {
      return Outcome::kNotReady;
    }
  }
}

void LineReader::Reallocate(size_t capacity) {
  std::unique_ptr<char[]> bigger = std::make_unique_for_overwrite<char[]>(capacity + options_.padding_bytes);
  if (end_ > begin_) std::memcpy(bigger.get(), buffer_.get() + begin_, end_ - begin_);
  buffer_ = std::move(bigger);
  capacity_ = capacity;
}

// Moves what is left to the front of the buffer, in a larger one if it fills this one.
void LineReader::MakeRoom() {
  const size_t kept = end_ - begin_;
  if (kept == capacity_) {
    // With two more bytes than the longest line one can tell CR LF behind it from more of it.
    Reallocate(std::max(options_.buffer_bytes, std::min(kept * 2, options_.line_bytes_max + 2)));
  } else if (capacity_ > options_.buffer_bytes && kept < options_.buffer_bytes / 2) {
    Reallocate(options_.buffer_bytes);
  } else if (kept > 0 && begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  }
  scanned_ -= begin_;
  begin_ = 0;
  end_ = kept;
}

absl::StatusOr<LineReader::Outcome> LineReader::Fill() {
  MakeRoom();
  bool has_new = false;
  absl::StatusOr<RawInput::Readiness> readiness = RawInput::Readiness::kReady;
  while (end_ < capacity_ && readiness.ok() && *readiness == RawInput::Readiness::kReady) {
    size_t count = 0;
    readiness = stream_.Read(buffer_.get() + end_, capacity_ - end_, &count);
    end_ += count;
    has_new |= count > 0;
  }
  // What a parser may read behind the last line must have a value.
  std::memset(buffer_.get() + end_, 0, options_.padding_bytes);
  if (!readiness.ok()) return readiness.status();
  has_ended_ = *readiness == RawInput::Readiness::kEnd;
  return has_new || has_ended_ ? Outcome::kLines : Outcome::kNotReady;
}

void LineReader::Emit(std::string_view line, std::vector<std::string_view>* lines) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > options_.line_bytes_max) {
    line = line.substr(0, options_.line_bytes_max);
    ++cut_lines_;
  }
  lines->push_back(line);
}

void LineReader::CutLine(std::vector<std::string_view>* lines) {
  lines->emplace_back(buffer_.get() + begin_, options_.line_bytes_max);
  ++cut_lines_;
  is_skipping_ = true;
  begin_ = scanned_ = end_;
}

void LineReader::TakeLines(std::vector<std::string_view>* lines) {
  while (lines->size() < options_.lines_max) {
    const char* const start = buffer_.get() + begin_;
    const void* const feed = scanned_ == end_ ? nullptr : std::memchr(buffer_.get() + scanned_, '\n', end_ - scanned_);
    if (feed != nullptr) {
      const auto size = static_cast<size_t>(static_cast<const char*>(feed) - start);
      if (!std::exchange(is_skipping_, false)) Emit({start, size}, lines);
      begin_ = scanned_ = begin_ + size + 1;
      continue;
    }
    scanned_ = end_;
    if (is_skipping_) {
      begin_ = end_;
    } else if (end_ - begin_ > options_.line_bytes_max + 1) {
      CutLine(lines);
    } else if (has_ended_ && end_ > begin_) {
      Emit({start, end_ - begin_}, lines);
      begin_ = end_;
    }
    return;
  }
}

}  // namespace tocsin::file
