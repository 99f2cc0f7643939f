#include "operators/sentiment/calibration_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "app/train/model_writer.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;

constexpr uint32_t kModel = 0xBAD503C7;

RatioCalibration Example() {
  RatioCalibration calibration;
  calibration.kind = RatioCalibration::Kind::kOwn;
  calibration.name = "airline posts";
  calibration.negative = {.mean = 0.541, .variance = 0.086, .error = 0.000509};
  calibration.other = {.mean = 0.155, .variance = 0.041, .error = 0.000313};
  calibration.negatives = 169;
  calibration.others = 131;
  return calibration;
}

class CalibrationFileTest : public testing::Test {
 protected:
  CalibrationFileTest() : path_(testing::TempDir() + "calibration_file_test." + std::to_string(getpid())) {}
  ~CalibrationFileTest() override { std::remove(path_.c_str()); }

  absl::StatusOr<RatioCalibration> Load(const std::string& bytes, uint32_t model = kModel) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    return LoadCalibration(path_, model);
  }

  std::string path_;
};

TEST_F(CalibrationFileTest, IsReadAsItWasWritten) {
  EXPECT_THAT(Load(SerializeCalibration(Example(), kModel).value()), IsOkAndHolds(Example()));
}

TEST_F(CalibrationFileTest, OfAnotherModelIsRefused) {
  EXPECT_THAT(Load(SerializeCalibration(Example(), kModel).value(), kModel + 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another sentiment model")));
}

TEST_F(CalibrationFileTest, TruncatedOrAlteredIsDataLossAtEveryByte) {
  const std::string good = SerializeCalibration(Example(), kModel).value();
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_THAT(Load(good.substr(0, i)), StatusIs(absl::StatusCode::kDataLoss)) << i;
    std::string altered = good;
    altered[i] = static_cast<char>(altered[i] ^ 0x10);
    EXPECT_THAT(Load(altered), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

TEST_F(CalibrationFileTest, MissingFileIsNotFound) {
  EXPECT_THAT(LoadCalibration("no/such.calibration", kModel), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CalibrationFileTest, NameThatCannotBePublishedIsRefused) {
  RatioCalibration calibration = Example();
  calibration.name = "a \"quoted\" name";
  EXPECT_THAT(SerializeCalibration(calibration, kModel), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace tocsin
