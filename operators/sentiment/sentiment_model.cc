#include "operators/sentiment/sentiment_model.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "operators/sentiment/calibration_file.h"
#include "operators/sentiment/default_model.h"
#include "operators/sentiment/language_tag.h"
#include "operators/sentiment/linear_table.h"
#include "operators/sentiment/model_format.h"
#include "operators/sentiment/tone_words.h"

namespace tocsin {
namespace sentiment_format {

// A file mapped read-only for as long as it lives. Has linkage, as has Layout, whose field it is.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* address, size_t size) : address_(address), size_(size) {}
  Mapping(Mapping&& other) noexcept : address_(std::exchange(other.address_, nullptr)), size_(other.size_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (address_ != nullptr) munmap(address_, size_);
  }

  std::span<const uint8_t> bytes() const { return {static_cast<const uint8_t*>(address_), size_}; }

 private:
  void* address_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sentiment_format

namespace {

using namespace sentiment_format;

constexpr int64_t kMaxShift = 100'000;  // hundredths; keeps the shift within 64 bits

absl::StatusOr<Mapping> MapFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open sentiment model path=", path));
  }
  struct stat info {};
  void* address = MAP_FAILED;
  int error = 0;
  if (fstat(file, &info) != 0) {
    error = errno;
  } else if (info.st_size > 0) {
    address = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, file, 0);
    if (address == MAP_FAILED) error = errno;
  }
  close(file);
  if (error != 0) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot map sentiment model path=", path));
  }
  if (address == MAP_FAILED) {
    return absl::DataLossError(absl::StrCat("sentiment model is empty path=", path));
  }
  return Mapping(address, static_cast<size_t>(info.st_size));
}

template <typename Record>
Record ReadRecord(std::span<const uint8_t> bytes, size_t offset) {
  Record record;
  std::memcpy(&record, bytes.data() + offset, sizeof(record));
  return record;
}

absl::Status BadSection(std::string_view what, size_t section) {
  return absl::DataLossError(absl::StrCat("sentiment model: ", what, " section=", section));
}

bool IsLanguageCode(const std::array<char, 2>& code) {
  return std::all_of(code.begin(), code.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool BiasesInRange(std::span<const int32_t> biases) {
  return std::all_of(biases.begin(), biases.end(),
                     [](int32_t bias) { return bias > -kMaxBiasQ16 && bias < kMaxBiasQ16; });
}

bool LevelsInRange(std::span<const int32_t> levels) {
  return std::is_sorted(levels.begin(), levels.end()) && levels.front() >= -kMaxLevelQ16 &&
         levels.back() <= kMaxLevelQ16;
}

size_t CodeIndex(const std::array<char, 2>& code) {
  return static_cast<size_t>(code[0] - 'a') * 26 + static_cast<size_t>(code[1] - 'a');
}

// Made when the thread first asks: what is thread_local itself is zeroed, and so in memory, in every thread of the
// process, and 92 KiB of it were in some fifty threads of librdkafka.
thread_local std::unique_ptr<SentimentFeatures> thread_features;

SentimentFeatures& ThreadFeatures() {
  if (thread_features == nullptr) thread_features = std::make_unique_for_overwrite<SentimentFeatures>();
  return *thread_features;
}

}  // namespace

struct SentimentModel::Layout {
  struct Language {
    LanguageHeader header;
    const uint8_t* weights;
    ToneWords tone_words;
    // By kind: what the first, second, third and further words add to the scores; a lane more than there are classes.
    std::array<std::array<std::array<int32_t, 4>, kToneCounts + 1>, kToneNeutral + 1> tone{};
  };

  absl::Status Read(std::span<const uint8_t> file);
  absl::Status ReadLanguage(std::span<const uint8_t> section, size_t number);
  absl::Status ReadGuess(std::span<const uint8_t> section, size_t number);
  // REQUIRES: the language sections have been read.
  absl::Status ReadTone(std::span<const uint8_t> section, size_t number);

  // Index into `languages` of a two-letter code, or -1.
  int Find(const std::array<char, 2>& code) const {
    return IsLanguageCode(code) ? language_of_code[CodeIndex(code)] : -1;
  }
  int Guess(std::span<const uint32_t> hashes) const;
  // Class and level by the scores.
  static void Decide(const LanguageHeader& header, Sentiment& sentiment);
  // Scores of the classes. REQUIRES: there is a feature.
  static std::array<int32_t, kClasses> Score(const Language& language, const SentimentFeatures& features,
                                             const SentimentKernels& kernels);
  static void AddTone(const Language& language, const SentimentFeatures& features,
                      std::array<int32_t, kClasses>& scores);
  std::string_view Code(size_t language) const { return {languages[language].header.code.data(), 2}; }

  Mapping mapping;
  std::span<const uint8_t> bytes;
  std::vector<Language> languages;
  std::array<int8_t, 26 * 26> language_of_code{};
  GuessHeader guess{};
  const uint8_t* guess_weights = nullptr;  // null without a guess table
  std::array<int, kGuessLanguages> language_of_guess{};
  std::string_view description;
  RatioCalibration calibration;
};

absl::Status SentimentModel::Layout::Read(std::span<const uint8_t> file) {
  if (absl::Status status = CheckContainer(file); !status.ok()) return status;
  bytes = file;
  language_of_code.fill(-1);
  const auto header = ReadRecord<FileHeader>(file, 0);
  const size_t body_end = file.size() - sizeof(uint32_t);
  if (header.section_count > kMaxSections ||
      sizeof(FileHeader) + header.section_count * sizeof(SectionEntry) > body_end) {
    return BadSection("too many sections", header.section_count);
  }
  std::vector<std::pair<std::span<const uint8_t>, size_t>> tones;
  for (size_t i = 0; i < header.section_count; ++i) {
    const auto entry = ReadRecord<SectionEntry>(file, sizeof(FileHeader) + i * sizeof(SectionEntry));
    if (entry.offset % kAlignment != 0 || entry.offset > body_end || entry.bytes > body_end - entry.offset) {
      return BadSection("section out of bounds", i);
    }
    const auto section = file.subspan(entry.offset, entry.bytes);
    absl::Status status;
    if (entry.type == kLanguageSection) {
      status = ReadLanguage(section, i);
    } else if (entry.type == kGuessSection) {
      status = ReadGuess(section, i);
    } else if (entry.type == kDescriptionSection) {
      description = {reinterpret_cast<const char*>(section.data()), section.size()};
    } else if (entry.type == kCalibrationSection) {
      absl::StatusOr<RatioCalibration> read = ReadCalibration(section);
      if (!read.ok()) return read.status();
      calibration = *std::move(read);
    } else if (entry.type == kToneSection) {
      tones.emplace_back(section, i);
    } else if ((entry.type & kOptionalBit) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("sentiment model has a section that is not known here: use a newer tocsin; type=", entry.type));
    }
    if (!status.ok()) return status;
  }
  if (languages.empty()) return BadSection("no language", 0);
  for (const auto& [section, number] : tones) {
    if (absl::Status status = ReadTone(section, number); !status.ok()) return status;
  }
  for (size_t i = 0; guess_weights != nullptr && i < guess.language_count; ++i) {
    language_of_guess[i] = Find(guess.code[i]);
  }
  return absl::OkStatus();
}

absl::Status SentimentModel::Layout::ReadLanguage(std::span<const uint8_t> section, size_t number) {
  if (section.size() < sizeof(LanguageHeader)) return BadSection("short language section", number);
  const auto header = ReadRecord<LanguageHeader>(section, 0);
  if (header.bits < kMinBits || header.bits > kMaxBits || header.scale_q32 == 0 || header.scale_q32 > kMaxScaleQ32 ||
      header.abstain_q16 < 0 || !BiasesInRange(header.bias_q16) || !IsLanguageCode(header.code) ||
      Find(header.code) >= 0 || !LevelsInRange(header.level_q16) || header.sharpness_q16 < 0 ||
      header.sharpness_q16 > kMaxLevelQ16) {
    return BadSection("bad language header", number);
  }
  if (section.size() != sizeof(LanguageHeader) + kClasses * (size_t{1} << header.bits)) {
    return BadSection("bad size of language section", number);
  }
  language_of_code[CodeIndex(header.code)] = static_cast<int8_t>(languages.size());
  languages.push_back({.header = header, .weights = section.data() + sizeof(LanguageHeader), .tone_words = {}});
  return absl::OkStatus();
}

absl::Status SentimentModel::Layout::ReadGuess(std::span<const uint8_t> section, size_t number) {
  if (section.size() < sizeof(GuessHeader)) return BadSection("short guess section", number);
  guess = ReadRecord<GuessHeader>(section, 0);
  if (guess_weights != nullptr || guess.bits < kMinBits || guess.bits > kMaxBits || guess.scale_q32 == 0 ||
      guess.scale_q32 > kMaxScaleQ32 || guess.language_count == 0 || guess.language_count > kGuessLanguages ||
      !BiasesInRange(guess.bias_q16)) {
    return BadSection("bad guess header", number);
  }
  if (section.size() != sizeof(GuessHeader) + kGuessLanguages * (size_t{1} << guess.bits)) {
    return BadSection("bad size of guess section", number);
  }
  guess_weights = section.data() + sizeof(GuessHeader);
  return absl::OkStatus();
}

absl::Status SentimentModel::Layout::ReadTone(std::span<const uint8_t> section, size_t number) {
  if (section.size() < sizeof(ToneHeader)) return BadSection("short tone section", number);
  const auto header = ReadRecord<ToneHeader>(section, 0);
  const size_t count = header.word_count;
  if (count == 0 || count > kToneWordsMax ||
      section.size() != sizeof(ToneHeader) + count * (sizeof(uint32_t) + sizeof(uint16_t))) {
    return BadSection("bad size of tone section", number);
  }
  const int index = Find(header.code);
  if (index < 0 || !languages[static_cast<size_t>(index)].tone_words.empty()) {
    return BadSection("tone of a language that has no table, or a second one", number);
  }
  for (const auto& kind : header.score_q16) {
    for (const auto& scores : kind) {
      if (!BiasesInRange(scores)) return BadSection("tone out of range", number);
    }
  }
  const size_t words = sizeof(ToneHeader) + count * sizeof(uint32_t);
  uint32_t before = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto hash = ReadRecord<uint32_t>(section, sizeof(ToneHeader) + i * sizeof(uint32_t));
    const auto word = ReadRecord<uint16_t>(section, words + i * sizeof(uint16_t));
    const uint32_t kind = word >> kToneMeaningBits;
    if ((i > 0 && hash <= before) || kind > kToneNeutral || (kind >= kToneValences && kind < kToneNegator)) {
      return BadSection("bad word in tone section", number);
    }
    before = hash;
  }
  Language& language = languages[static_cast<size_t>(index)];
  for (size_t kind = 0; kind < kToneKinds; ++kind) {
    for (size_t n = 0; n < kToneCounts; ++n) {
      for (size_t c = 0; c < kClasses; ++c) {
        language.tone[kind][n][c] = header.score_q16[kind][n][c] - (n > 0 ? header.score_q16[kind][n - 1][c] : 0);
      }
    }
  }
  language.tone_words = ToneWords(section.data() + sizeof(ToneHeader), section.data() + words, count);
  return absl::OkStatus();
}

int SentimentModel::Layout::Guess(std::span<const uint32_t> hashes) const {
  if (guess_weights == nullptr || hashes.empty()) return -1;
  const auto sums = SumLanguageWeights(guess_weights, guess.bits, hashes);
  const uint32_t inverse_sqrt = InverseSqrtQ20(hashes.size());
  int best = -1;
  int32_t best_score = 0;
  for (size_t i = 0; i < guess.language_count; ++i) {
    const int32_t score = ScoreQ16(sums[i], guess.scale_q32, inverse_sqrt, guess.bias_q16[i]);
    if (best < 0 || score > best_score) {
      best = static_cast<int>(i);
      best_score = score;
    }
  }
  return best_score < guess.min_score_q16 ? -1 : language_of_guess[static_cast<size_t>(best)];
}

void SentimentModel::Layout::AddTone(const Language& language, const SentimentFeatures& features,
                                     std::array<int32_t, kClasses>& scores) {
  ToneReading reading;
  language.tone_words.Read(features, reading);
  std::array<uint8_t, kToneNeutral + 1> seen{};
  std::array<int32_t, 4> added{};
  uint64_t meant = 0;  // stored weights of classes 0, 2 and 1, 16 bits each, which hold those of kToneHitsMax
  int32_t meanings = 0;
  for (const ToneHit& hit : reading.hits()) {
    const auto& step = language.tone[hit.kind][seen[hit.kind]];
    for (size_t lane = 0; lane < added.size(); ++lane) added[lane] += step[lane];
    seen[hit.kind] = static_cast<uint8_t>(std::min<size_t>(seen[hit.kind] + size_t{1}, kToneCounts));
    const bool counts = HasMeaning(hit.kind);
    uint32_t bucket;
    std::memcpy(&bucket, language.weights + size_t{hit.meaning >> (32 - language.header.bits)} * kClasses,
                sizeof(bucket));
    meant += (bucket | uint64_t{bucket} << 24) & (counts ? 0x000000FF00FF00FF : 0);
    meanings += counts ? 1 : 0;
  }
  const std::array<uint64_t, kClasses> stored = {meant & 0xFFFF, meant >> 32, meant >> 16 & 0xFFFF};
  for (size_t c = 0; c < kClasses; ++c) {
    const int64_t scaled =
        (static_cast<int64_t>(stored[c]) - meanings * kWeightZero) * int64_t{language.header.scale_q32};
    scores[c] += added[c] + static_cast<int32_t>(scaled >> (16 + kToneMeaningShift));
  }
}

std::array<int32_t, kClasses> SentimentModel::Layout::Score(const Language& language, const SentimentFeatures& features,
                                                            const SentimentKernels& kernels) {
  const LanguageHeader& header = language.header;
  const std::span<const uint32_t> hashes = features.hashes();
  const auto sums = SumClassWeights(language.weights, header.bits, hashes, kernels);
  const uint32_t inverse_sqrt = InverseSqrtQ20(hashes.size());
  std::array<int32_t, kClasses> scores{};
  for (size_t c = 0; c < kClasses; ++c) {
    scores[c] = ScoreQ16(sums[c], header.scale_q32, inverse_sqrt, header.bias_q16[c]);
  }
  if (!language.tone_words.empty()) AddTone(language, features, scores);
  return scores;
}

void SentimentModel::Layout::Decide(const LanguageHeader& header, Sentiment& sentiment) {
  const std::array<int32_t, kClasses>& scores = sentiment.scores;
  // The first of the highest, and the highest of the others; without branches, since classes can't be predicted.
  const size_t of_two = scores[1] > scores[0] ? 1 : 0;
  const size_t best = scores[2] > scores[of_two] ? 2 : of_two;
  const int32_t least_of_two = std::min(scores[0], scores[1]);
  const int32_t second = std::max(least_of_two, std::min(scores[of_two], scores[2]));
  sentiment.label =
      scores[best] - second >= header.abstain_q16 ? static_cast<SentimentClass>(best) : SentimentClass::kUnclassified;
  const int32_t margin = NegativeMargin(scores);
  sentiment.negativity = 0;
  for (const int32_t level : header.level_q16) sentiment.negativity += margin >= level ? 1 : 0;
}

std::string_view SentimentClassName(SentimentClass sentiment_class) {
  switch (sentiment_class) {
    case SentimentClass::kNegative:
      return "negative";
    case SentimentClass::kNeutral:
      return "neutral";
    case SentimentClass::kPositive:
      return "positive";
    case SentimentClass::kUnclassified:
      return "unclassified";
  }
  return "unclassified";
}

SentimentClass ClassifyRating(int stars) {
  if (stars < 1 || stars > 5) return SentimentClass::kUnclassified;
  if (stars == 3) return SentimentClass::kNeutral;
  return stars < 3 ? SentimentClass::kNegative : SentimentClass::kPositive;
}

absl::StatusOr<std::unique_ptr<SentimentModel>> SentimentModel::Load(const std::string& path) {
  absl::StatusOr<Mapping> mapping = MapFile(path);
  if (!mapping.ok()) return mapping.status();
  auto layout = std::make_unique<Layout>();
  layout->mapping = *std::move(mapping);
  if (absl::Status status = layout->Read(layout->mapping.bytes()); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(status.message(), " path=", path));
  }
  return std::unique_ptr<SentimentModel>(new SentimentModel(std::move(layout)));
}

absl::StatusOr<std::unique_ptr<SentimentModel>> SentimentModel::FromBytes(std::span<const uint8_t> bytes) {
  auto layout = std::make_unique<Layout>();
  if (absl::Status status = layout->Read(bytes); !status.ok()) return status;
  return std::unique_ptr<SentimentModel>(new SentimentModel(std::move(layout)));
}

const SentimentModel& SentimentModel::Default() {
  static const SentimentModel* const model = [] {
    absl::StatusOr<std::unique_ptr<SentimentModel>> loaded = FromBytes(DefaultModelBytes());
    CHECK(loaded.ok()) << "the model inside the binary is damaged: " << loaded.status();
    return loaded->release();
  }();
  return *model;
}

SentimentModel::SentimentModel(std::unique_ptr<Layout> layout) : layout_(std::move(layout)) {}
SentimentModel::~SentimentModel() = default;

Sentiment SentimentModel::Classify(std::string_view text, std::string_view lang) const {
  return Classify(text, lang, BestKernels());
}

Sentiment SentimentModel::Classify(std::string_view text, std::string_view lang,
                                   const SentimentKernels& kernels) const {
  const LanguageTag tag = ReadLanguageTag(lang);
  if (tag.kind == LanguageTag::Kind::kForeign) return {};
  const bool named = tag.kind == LanguageTag::Kind::kNamed;
  int index = named ? layout_->Find(tag.code) : -1;
  if (named && index < 0) return {};
  SentimentFeatures& features = ThreadFeatures();
  features.Extract(text, kernels);
  const std::span<const uint32_t> hashes = features.hashes();
  if (hashes.empty()) return {};
  if (!named) index = layout_->Guess(hashes);
  if (index < 0) return {};

  const Layout::Language& language = layout_->languages[static_cast<size_t>(index)];
  Sentiment result;
  result.language = layout_->Code(static_cast<size_t>(index));
  result.scores = Layout::Score(language, features, kernels);
  Layout::Decide(language.header, result);
  return result;
}

Sentiment SentimentModel::Shift(const Sentiment& sentiment, int weight) const {
  if (sentiment.language.size() != 2 || weight == 0) return sentiment;
  const int index = layout_->Find({sentiment.language[0], sentiment.language[1]});
  if (index < 0) return sentiment;
  const LanguageHeader& header = layout_->languages[static_cast<size_t>(index)].header;
  // A probability is proportional to exp(sharpness * score), both in units of 2^-16.
  const int64_t evidence = std::min<int64_t>(std::abs(weight), kMaxShift) << 32;
  const int64_t added = evidence / (int64_t{100} * std::max(header.sharpness_q16, 1));
  Sentiment shifted = sentiment;
  shifted.scores[weight < 0 ? 0 : 2] += static_cast<int32_t>(std::min<int64_t>(added, kMaxBiasQ16));
  Layout::Decide(header, shifted);
  return shifted;
}

std::array<double, 3> SentimentModel::Probabilities(const Sentiment& sentiment) const {
  std::array<double, 3> result{};
  result.fill(1.0 / 3);
  if (sentiment.language.size() != 2) return result;
  const int index = layout_->Find({sentiment.language[0], sentiment.language[1]});
  if (index < 0) return result;
  const double sharpness = std::ldexp(layout_->languages[static_cast<size_t>(index)].header.sharpness_q16, -32);
  const int32_t top = *std::max_element(sentiment.scores.begin(), sentiment.scores.end());
  double sum = 0;
  for (size_t c = 0; c < kClasses; ++c) sum += result[c] = std::exp(sharpness * (sentiment.scores[c] - top));
  for (double& probability : result) probability /= sum;
  return result;
}

std::string_view SentimentModel::GuessLanguage(std::string_view text) const {
  SentimentFeatures& features = ThreadFeatures();
  features.Extract(text);
  const int index = layout_->Guess(features.hashes());
  return index < 0 ? std::string_view() : layout_->Code(static_cast<size_t>(index));
}

std::vector<std::string_view> SentimentModel::languages() const {
  std::vector<std::string_view> codes;
  for (size_t i = 0; i < layout_->languages.size(); ++i) codes.push_back(layout_->Code(i));
  return codes;
}

uint32_t SentimentModel::checksum() const {
  return ReadRecord<uint32_t>(layout_->bytes, layout_->bytes.size() - sizeof(uint32_t));
}

size_t SentimentModel::size_bytes() const { return layout_->bytes.size(); }

const RatioCalibration& SentimentModel::calibration() const { return layout_->calibration; }

std::string_view SentimentModel::description() const { return layout_->description; }

}  // namespace tocsin
