#include "app/train/model_writer.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "operators/sentiment/calibration_file.h"
#include "operators/sentiment/model_format.h"

namespace tocsin {
namespace {

using namespace sentiment_format;

struct Section {
  uint32_t type;
  std::string bytes;
};

template <typename Record>
void AppendRecord(const Record& record, std::string& to) {
  to.append(reinterpret_cast<const char*>(&record), sizeof(record));
}

// The largest weight becomes 127: clipping rarer, larger weights costs accuracy.
absl::StatusOr<uint32_t> ScaleOf(const std::vector<float>& weights) {
  float largest = 0;
  for (const float weight : weights) {
    if (!std::isfinite(weight)) return absl::InternalError("a weight is not finite");
    largest = std::max(largest, std::abs(weight));
  }
  const double scale_q32 = std::ldexp(static_cast<double>(largest) / 127.0, 32);
  if (!(scale_q32 >= 1.0 && scale_q32 <= static_cast<double>(kMaxScaleQ32))) {
    return absl::InternalError(absl::StrCat("weights out of range largest=", largest));
  }
  return static_cast<uint32_t>(std::ceil(scale_q32));
}

char Quantise(float weight, uint32_t scale_q32) {
  const double steps = std::ldexp(static_cast<double>(weight), 32) / scale_q32;
  return static_cast<char>(static_cast<uint8_t>(std::lround(steps) + kWeightZero));
}

int32_t FixedPointQ16(float value) {
  return static_cast<int32_t>(std::lround(std::ldexp(static_cast<double>(value), 16)));
}

absl::Status FillBiases(std::span<const float> biases, std::span<int32_t> to) {
  for (size_t i = 0; i < to.size() && i < biases.size(); ++i) {
    to[i] = FixedPointQ16(biases[i]);
    if (std::abs(to[i]) >= kMaxBiasQ16) {
      return absl::InternalError(absl::StrCat("bias out of range bias=", biases[i]));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Section> LanguageSectionOf(const TrainedModel::Language& language) {
  absl::StatusOr<uint32_t> scale = ScaleOf(language.weights.weight);
  if (!scale.ok()) return scale.status();
  LanguageHeader header{};
  header.code = language.code;
  header.bits = static_cast<uint32_t>(language.bits);
  header.scale_q32 = *scale;
  header.abstain_q16 = FixedPointQ16(language.abstain);
  header.level_q16 = language.scale.level_q16;
  header.sharpness_q16 = language.scale.sharpness_q16;
  if (absl::Status status = FillBiases(language.weights.bias, header.bias_q16); !status.ok()) {
    return status;
  }
  Section section{kLanguageSection, {}};
  AppendRecord(header, section.bytes);
  for (const float weight : language.weights.weight) section.bytes += Quantise(weight, *scale);
  return section;
}

absl::StatusOr<Section> ToneSectionOf(const TrainedModel::Language& language) {
  ToneHeader header{};
  header.code = language.code;
  header.word_count = static_cast<uint32_t>(language.words.hashes.size());
  for (size_t kind = 0; kind < kToneKinds; ++kind) {
    for (size_t count = 0; count < kToneCounts; ++count) {
      absl::Status status = FillBiases(language.tone[kind][count], header.score_q16[kind][count]);
      if (!status.ok()) return status;
    }
  }
  Section section{kToneSection, {}};
  AppendRecord(header, section.bytes);
  for (const uint32_t hash : language.words.hashes) AppendRecord(hash, section.bytes);
  for (const uint16_t word : language.words.words) AppendRecord(word, section.bytes);
  return section;
}

absl::StatusOr<Section> GuessSectionOf(const TrainedModel::Guess& guess) {
  absl::StatusOr<uint32_t> scale = ScaleOf(guess.weights.weight);
  if (!scale.ok()) return scale.status();
  const size_t count = guess.codes.size();
  GuessHeader header{};
  header.bits = static_cast<uint32_t>(guess.bits);
  header.language_count = static_cast<uint32_t>(count);
  header.scale_q32 = *scale;
  header.min_score_q16 = FixedPointQ16(guess.min_score);
  if (absl::Status status = FillBiases(guess.weights.bias, header.bias_q16); !status.ok()) {
    return status;
  }
  std::copy(guess.codes.begin(), guess.codes.end(), header.code.begin());
  Section section{kGuessSection, {}};
  AppendRecord(header, section.bytes);
  for (size_t i = 0; i < guess.weights.weight.size(); i += count) {
    for (size_t l = 0; l < kGuessLanguages; ++l) {
      section.bytes += Quantise(l < count ? guess.weights.weight[i + l] : 0.0F, *scale);
    }
  }
  return section;
}

Section CalibrationSectionOf(const RatioCalibration& calibration, uint32_t model_checksum) {
  Section section{kCalibrationSection, {}};
  AppendRecord(CalibrationRecordOf(calibration, model_checksum), section.bytes);
  return section;
}

std::string LayOut(const std::vector<Section>& sections) {
  const auto align = [](size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; };
  std::vector<SectionEntry> entries;
  size_t at = align(sizeof(FileHeader) + sections.size() * sizeof(SectionEntry));
  for (const Section& section : sections) {
    entries.push_back({section.type, 0, at, section.bytes.size(), 0});
    at = align(at + section.bytes.size());
  }
  FileHeader header{};
  header.magic = kMagic;
  header.format_version = kFormatVersion;
  header.feature_version = kFeatureVersion;
  header.file_bytes = at + sizeof(uint32_t);
  header.section_count = static_cast<uint32_t>(sections.size());

  std::string file;
  file.reserve(header.file_bytes);
  AppendRecord(header, file);
  for (const SectionEntry& entry : entries) AppendRecord(entry, file);
  for (size_t i = 0; i < sections.size(); ++i) {
    file.resize(entries[i].offset);
    file += sections[i].bytes;
  }
  file.resize(at);
  const auto checksum = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(file.data()), file.size()));
  AppendRecord(checksum, file);
  return file;
}

}  // namespace

absl::StatusOr<std::string> SerializeModel(const TrainedModel& model) {
  std::vector<Section> sections;
  for (const TrainedModel::Language& language : model.languages) {
    absl::StatusOr<Section> section = LanguageSectionOf(language);
    if (!section.ok()) return section.status();
    sections.push_back(*std::move(section));
  }
  for (const TrainedModel::Language& language : model.languages) {
    if (language.words.hashes.empty()) continue;
    absl::StatusOr<Section> section = ToneSectionOf(language);
    if (!section.ok()) return section.status();
    sections.push_back(*std::move(section));
  }
  if (!model.guess.codes.empty()) {
    absl::StatusOr<Section> section = GuessSectionOf(model.guess);
    if (!section.ok()) return section.status();
    sections.push_back(*std::move(section));
  }
  if (model.calibration.kind != RatioCalibration::Kind::kNone) {
    sections.push_back(CalibrationSectionOf(model.calibration, 0));
  }
  if (!model.description.empty()) sections.push_back({kDescriptionSection, model.description});
  return LayOut(sections);
}

absl::StatusOr<std::string> SerializeCalibration(const RatioCalibration& calibration, uint32_t model_checksum) {
  const Section section = CalibrationSectionOf(calibration, model_checksum);
  const auto* bytes = reinterpret_cast<const uint8_t*>(section.bytes.data());
  if (!ReadCalibration({bytes, section.bytes.size()}).ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a calibration's name is ASCII without quotes and backslashes: give another; name=", calibration.name));
  }
  return LayOut({section});
}

absl::Status WriteModelFile(const std::string& path, const std::string& bytes) {
  const std::string part = absl::StrCat(path, ".part");
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file || std::rename(part.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write sentiment model path=", path));
  }
  return absl::OkStatus();
}

}  // namespace tocsin
