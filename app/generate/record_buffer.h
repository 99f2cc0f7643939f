// The bytes of one record while it is written: JSON text with few branches and no allocation in steady state.
//
// Not thread-safe.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace tocsin {

class RecordBuffer {
 public:
  void Clear() { size_ = 0; }
  std::string_view view() const { return {data_.get(), size_}; }
  size_t size() const { return size_; }

  // As they are.
  template <size_t N>
  void Raw(const char (&text)[N]) {
    Copy(text, N - 1);
  }
  void Raw(std::string_view text) { Copy(text.data(), text.size()); }
  void Raw(char c) {
    Reserve(1);
    data_[size_++] = c;
  }

  template <typename Integer>
  void Number(Integer value) {
    constexpr size_t kLongest = 20;
    Reserve(kLongest);
    size_ = static_cast<size_t>(std::to_chars(data_.get() + size_, data_.get() + size_ + kLongest, value).ptr -
                                data_.get());
  }
  // With leading zeros. REQUIRES: value < 1000.
  void ThreeDigits(uint32_t value);

  // The inside of a JSON string. REQUIRES: UTF-8.
  void Escaped(std::string_view text);
  // Likewise in ASCII, and with slashes escaped: the way Twitter's stream wrote its posts.
  void EscapedAscii(std::string_view text);
  // The inside of a JSON string that is HTML.
  void EscapedHtml(std::string_view text);

  // For spoiling what was written.
  void DropLast() { --size_; }
  void CutInHalf();  // at the end of a character
  void ReplaceAll(std::string_view from, std::string_view to);

 private:
  void Copy(const char* text, size_t size) {
    Reserve(size);
    std::memcpy(data_.get() + size_, text, size);
    size_ += size;
  }
  void Reserve(size_t more) {
    if (capacity_ - size_ < more) Grow(more);
  }
  void Grow(size_t more);
  void Control(unsigned char c);
  void Unicode(uint32_t code_unit);

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tocsin
