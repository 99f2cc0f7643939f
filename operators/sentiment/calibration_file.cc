#include "operators/sentiment/calibration_file.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

using namespace sentiment_format;

RatioCalibration::Measure MeasureOf(const CalibrationRecord::Measure& record) {
  const auto value = [](uint32_t units) { return static_cast<double>(units) / kMeasureUnits; };
  return {.mean = value(record.mean), .variance = value(record.variance), .error = value(record.error)};
}

CalibrationRecord::Measure RecordOf(const RatioCalibration::Measure& measure, int64_t posts) {
  const auto units = [](double value) { return static_cast<uint32_t>(std::llround(value * kMeasureUnits)); };
  return {.mean = units(measure.mean),
          .variance = units(measure.variance),
          .error = units(measure.error),
          .posts = static_cast<uint32_t>(posts)};
}

bool InRange(const CalibrationRecord::Measure& record) {
  return record.mean <= kMeasureUnits && record.variance <= kMeasureUnits && record.error <= kMeasureUnits;
}

// The name travels in JSON as it is.
bool IsName(const std::array<char, 48>& name) {
  const auto end = std::find(name.begin(), name.end(), '\0');
  return end != name.begin() && end != name.end() &&
         std::all_of(name.begin(), end, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

}  // namespace

absl::Status CheckContainer(std::span<const uint8_t> bytes) {
  FileHeader header;
  if (bytes.size() < sizeof(header) + sizeof(uint32_t)) {
    return absl::DataLossError(
        absl::StrCat("sentiment model is truncated: shorter than its header bytes=", bytes.size()));
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kMagic) {
    return absl::DataLossError("not a sentiment model: wrong first bytes");
  }
  if (header.file_bytes != bytes.size()) {
    return absl::DataLossError(absl::StrCat("sentiment model is truncated or extended: expected=", header.file_bytes,
                                            " bytes=", bytes.size()));
  }
  const size_t end = bytes.size() - sizeof(uint32_t);
  uint32_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + end, sizeof(checksum));
  if (crc32_z(0, bytes.data(), end) != checksum) {
    return absl::DataLossError("sentiment model is altered: wrong checksum");
  }
  if (header.format_version != kFormatVersion || header.feature_version != kFeatureVersion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sentiment model has a version that is not known here: train it anew; format=", header.format_version,
        " features=", header.feature_version));
  }
  return absl::OkStatus();
}

absl::StatusOr<RatioCalibration> ReadCalibration(std::span<const uint8_t> section) {
  CalibrationRecord record;
  if (section.size() != sizeof(record)) return absl::DataLossError("sentiment model: bad size of calibration");
  std::memcpy(&record, section.data(), sizeof(record));
  const bool known = record.kind == static_cast<uint32_t>(RatioCalibration::Kind::kShipped) ||
                     record.kind == static_cast<uint32_t>(RatioCalibration::Kind::kOwn);
  if (!known || !InRange(record.negative) || !InRange(record.other) || !IsName(record.name)) {
    return absl::DataLossError("sentiment model: bad calibration");
  }
  RatioCalibration calibration;
  calibration.kind = static_cast<RatioCalibration::Kind>(record.kind);
  calibration.name = record.name.data();
  calibration.negative = MeasureOf(record.negative);
  calibration.other = MeasureOf(record.other);
  calibration.negatives = record.negative.posts;
  calibration.others = record.other.posts;
  return calibration;
}

CalibrationRecord CalibrationRecordOf(const RatioCalibration& calibration, uint32_t model_checksum) {
  CalibrationRecord record{};
  record.kind = static_cast<uint32_t>(calibration.kind);
  record.model_checksum = model_checksum;
  record.negative = RecordOf(calibration.negative, calibration.negatives);
  record.other = RecordOf(calibration.other, calibration.others);
  std::copy_n(calibration.name.begin(), std::min(calibration.name.size(), record.name.size() - 1), record.name.begin());
  return record;
}

absl::StatusOr<RatioCalibration> LoadCalibration(const std::string& path, uint32_t model_checksum) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("can't read the calibration path=", path));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  if (absl::Status status = CheckContainer(bytes); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(status.message(), " path=", path));
  }
  FileHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const size_t body_end = bytes.size() - sizeof(uint32_t);
  for (size_t i = 0; i < std::min(header.section_count, kMaxSections); ++i) {
    SectionEntry entry;
    const size_t at = sizeof(header) + i * sizeof(entry);
    if (at + sizeof(entry) > body_end) break;
    std::memcpy(&entry, bytes.data() + at, sizeof(entry));
    if (entry.type != kCalibrationSection) continue;
    if (entry.offset > body_end || entry.bytes != sizeof(CalibrationRecord) || entry.bytes > body_end - entry.offset) {
      break;
    }
    absl::StatusOr<RatioCalibration> calibration = ReadCalibration(bytes.subspan(entry.offset, entry.bytes));
    if (!calibration.ok()) return calibration.status();
    uint32_t measured_with = 0;
    std::memcpy(&measured_with, bytes.data() + entry.offset + offsetof(CalibrationRecord, model_checksum),
                sizeof(measured_with));
    if (measured_with != model_checksum) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the calibration was measured with another sentiment model: run tocsin train --calibrate again; path=", path,
          " measured_with=", absl::Hex(measured_with, absl::kZeroPad8),
          " model=", absl::Hex(model_checksum, absl::kZeroPad8)));
    }
    return calibration;
  }
  return absl::InvalidArgumentError(absl::StrCat("the file holds no calibration path=", path));
}

}  // namespace tocsin
