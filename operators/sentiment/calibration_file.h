// A calibration in a file of its own, which `tocsin train --calibrate` writes and sentiment.calibration names: the
// container of a model file with a calibration and a description. docs/formats/SENTIMENT_MODEL.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "operators/sentiment/model_format.h"
#include "operators/sentiment/ratio_calibration.h"

namespace tocsin {

// Checks what a flipped or missing byte would change, and the versions: DataLoss for a container that is truncated or
// altered, InvalidArgument for a version that is not known here.
[[nodiscard]] absl::Status CheckContainer(std::span<const uint8_t> bytes);

// The calibration in a section. DataLoss if it has another size or values out of range.
[[nodiscard]] absl::StatusOr<RatioCalibration> ReadCalibration(std::span<const uint8_t> section);

// As it stands in a section. REQUIRES: values from 0 to 1; the name is cut at 47 bytes.
[[nodiscard]] sentiment_format::CalibrationRecord CalibrationRecordOf(const RatioCalibration& calibration,
                                                                      uint32_t model_checksum);

// Reads a calibration file. NotFound if it can't be read, DataLoss if it is damaged, InvalidArgument if it holds none
// or was measured with another model than the one with this checksum.
[[nodiscard]] absl::StatusOr<RatioCalibration> LoadCalibration(const std::string& path, uint32_t model_checksum);

}  // namespace tocsin
