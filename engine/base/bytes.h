// Writes and reads the little-endian, varint-based encodings of blocks and snapshots.
//
// The reader never fails loudly: after the first short or malformed field everything reads as zero or empty and ok() is
// false, so a decoder checks once per group of fields. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/base/varint.h"

namespace tocsin {

class ByteWriter {
 public:
  // Appends to `*out`, which must outlive this.
  explicit ByteWriter(std::string* out) : out_(out) {}

  void Byte(uint8_t value) { out_->push_back(static_cast<char>(value)); }
  void Fixed32(uint32_t value) { Raw(&value, sizeof(value)); }
  void Fixed64(uint64_t value) { Raw(&value, sizeof(value)); }
  // LEB128, at most ten bytes.
  void Varint(uint64_t value) {
    if (value < 0x80) {
      Byte(static_cast<uint8_t>(value));
      return;
    }
    std::array<uint8_t, kMaxVarintBytes> bytes;
    Raw(bytes.data(), static_cast<size_t>(PutVarint(value, bytes.data()) - bytes.data()));
  }
  // Zigzag, so that small negative numbers stay short.
  void Signed(int64_t value) { Varint(Zigzag(value)); }
  void Bool(bool value) { Byte(value ? 1 : 0); }
  // Length, then the bytes.
  void String(std::string_view value) {
    Varint(value.size());
    out_->append(value);
  }

 private:
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the formats are little-endian");
  void Raw(const void* data, size_t size) { out_->append(static_cast<const char*>(data), size); }

  std::string* out_;
};

class ByteReader {
 public:
  // Borrows `bytes`; strings that are read borrow from it too.
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return bytes_.size(); }

  uint8_t Byte() {
    if (!Need(1)) return 0;
    const auto value = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  uint32_t Fixed32() { return Raw<uint32_t>(); }
  uint64_t Fixed64() { return Raw<uint64_t>(); }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return ok_ ? value : 0;
    }
    Fail();
    return 0;
  }
  int64_t Signed() { return Unzigzag(Varint()); }
  bool Bool() {
    const uint8_t value = Byte();
    if (value > 1) Fail();
    return value == 1;
  }
  std::string_view String() {
    const uint64_t size = Varint();
    if (!Need(size)) return {};
    const std::string_view value = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return value;
  }
  // A count of items that each take at least `min_item_bytes`: a larger one than can follow fails, so that a damaged
  // count never makes a decoder reserve memory.
  size_t Count(size_t min_item_bytes = 1) {
    const uint64_t count = Varint();
    if (count > bytes_.size() / (min_item_bytes == 0 ? 1 : min_item_bytes)) {
      Fail();
      return 0;
    }
    return count;
  }
  void Fail() {
    ok_ = false;
    bytes_ = {};
  }

 private:
  bool Need(uint64_t size) {
    if (size <= bytes_.size()) return true;
    Fail();
    return false;
  }
  template <typename T>
  T Raw() {
    T value = 0;
    if (!Need(sizeof(T))) return 0;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace tocsin
