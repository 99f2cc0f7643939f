#include "operators/parse/event_time.h"

#include <array>
#include <cstddef>

#include "absl/base/attributes.h"

namespace tocsin {
namespace {

constexpr int64_t kNone = kUnknownTime;
constexpr int64_t kMsPerSecond = 1'000;
constexpr int64_t kMsPerDay = 86'400'000;

// Collects "some character was not a digit" so that a whole field is checked by one branch.
class Digits {
 public:
  explicit Digits(const char* text) : text_(text) {}

  int64_t Two(size_t at) { return One(at) * 10 + One(at + 1); }
  int64_t Four(size_t at) { return Two(at) * 100 + Two(at + 2); }
  bool ok() const { return bad_ == 0; }

 private:
  int64_t One(size_t at) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text_[at])) - '0';
    bad_ |= static_cast<unsigned>(digit > 9);
    return static_cast<int64_t>(digit);
  }

  const char* text_;
  unsigned bad_ = 0;
};

struct Civil {
  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool IsLeap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

ABSL_ATTRIBUTE_ALWAYS_INLINE inline int64_t ToEpochMs(const Civil& civil) {
  static constexpr std::array<int8_t, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (civil.month < 1 || civil.month > 12 || civil.hour > 23 || civil.minute > 59 || civil.second > 60) return kNone;
  const int64_t last_day = kDays[static_cast<size_t>(civil.month)] + (civil.month == 2 && IsLeap(civil.year) ? 1 : 0);
  if (civil.day < 1 || civil.day > last_day) return kNone;
  const int64_t seconds = (civil.hour * 60 + civil.minute) * 60 + civil.second;
  return DaysFromCivil(civil.year, civil.month, civil.day) * kMsPerDay + seconds * kMsPerSecond;
}

// "Z", "+hh:mm", "+hhmm", one space before it allowed, or nothing for UTC.
int64_t ParseOffsetMs(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == ' ') {
    text.remove_prefix(1);
    if (text.empty()) return kNone;
  }
  if (text == "Z" || text == "z") return 0;
  const bool colon = text.size() == 6 && text[3] == ':';
  if ((!colon && text.size() != 5) || (text[0] != '+' && text[0] != '-')) return kNone;
  Digits digits(text.data());
  const int64_t hours = digits.Two(1);
  const int64_t minutes = digits.Two(colon ? 4 : 3);
  if (!digits.ok() || hours > 23 || minutes > 59) return kNone;
  const int64_t offset_ms = (hours * 60 + minutes) * 60 * kMsPerSecond;
  return text[0] == '-' ? -offset_ms : offset_ms;
}

// REQUIRES: at least 19 characters.
int64_t ParseRfc3339(std::string_view text) {
  Digits digits(text.data());
  const Civil civil = {.year = digits.Four(0),
                       .month = digits.Two(5),
                       .day = digits.Two(8),
                       .hour = digits.Two(11),
                       .minute = digits.Two(14),
                       .second = digits.Two(17)};
  const bool separators = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == 't' || text[10] == ' ') &&
                          text[13] == ':' && text[16] == ':';
  if (!digits.ok() || !separators) return kNone;
  const int64_t whole_ms = ToEpochMs(civil);
  if (whole_ms == kNone) return kNone;
  size_t at = 19;
  int64_t fraction_ms = 0;
  if (at < text.size() && text[at] == '.') {
    int64_t weight = 100;
    const size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10)
      fraction_ms += (text[at] - '0') * weight;
    if (at == first) return kNone;
  }
  const int64_t offset_ms = ParseOffsetMs(text.substr(at));
  if (offset_ms == kNone) return kNone;
  return whole_ms + fraction_ms - offset_ms;
}

constexpr uint32_t NameWord(const char* name) {
  return static_cast<unsigned char>(name[0]) | uint32_t{static_cast<unsigned char>(name[1])} << 8 |
         uint32_t{static_cast<unsigned char>(name[2])} << 16;
}

// Found by trying: no two months' words times this have the same upper four bits.
constexpr uint32_t kMonthMultiplier = 0x0741C7A9;
constexpr int kMonthShift = 28;

// 1 to 12; 0 if it is no month.
int64_t MonthFromName(const char* name) {
  struct Month {
    uint32_t word = 0;
    int64_t number = 0;
  };
  static constexpr auto kPlace = [](uint32_t word) -> size_t { return word * kMonthMultiplier >> kMonthShift; };
  static constexpr std::array<Month, 16> kMonths = [] {
    constexpr std::array<const char*, 12> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::array<Month, 16> months = {};
    for (size_t i = 0; i < kNames.size(); ++i) {
      months[kPlace(NameWord(kNames[i]))] = {NameWord(kNames[i]), static_cast<int64_t>(i) + 1};
    }
    return months;
  }();
  const uint32_t word = NameWord(name);
  const Month& month = kMonths[kPlace(word)];
  return month.word == word ? month.number : 0;
}

bool IsWeekday(const char* name) {
  switch (NameWord(name)) {
    case NameWord("Mon"):
    case NameWord("Tue"):
    case NameWord("Wed"):
    case NameWord("Thu"):
    case NameWord("Fri"):
    case NameWord("Sat"):
    case NameWord("Sun"):
      return true;
    default:
      return false;
  }
}

// "Wed Oct 10 20:19:24 +0000 2018". REQUIRES: 30 characters.
int64_t ParseTwitterForm(std::string_view text) {
  Digits digits(text.data());
  const Civil civil = {.year = digits.Four(26),
                       .month = MonthFromName(text.data() + 4),
                       .day = digits.Two(8),
                       .hour = digits.Two(11),
                       .minute = digits.Two(14),
                       .second = digits.Two(17)};
  const bool separators = text[3] == ' ' && text[7] == ' ' && text[10] == ' ' && text[13] == ':' && text[16] == ':' &&
                          text[19] == ' ' && text[25] == ' ';
  if (!digits.ok() || !separators || !IsWeekday(text.data())) return kNone;
  const int64_t local_ms = ToEpochMs(civil);
  const int64_t offset_ms = ParseOffsetMs(text.substr(20, 5));
  if (local_ms == kNone || offset_ms == kNone) return kNone;
  return local_ms - offset_ms;
}

int64_t ParseEpochNumber(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  size_t at = 0;
  int64_t value = 0;
  for (; at < text.size(); ++at) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text[at])) - '0';
    if (digit > 9) break;
    if (at == 17) return kNone;
    value = value * 10 + static_cast<int64_t>(digit);
  }
  if (at == 0) return kNone;
  int64_t thousandths = 0;
  if (at < text.size()) {
    const std::string_view fraction = text.substr(at + 1);
    if (text[at] != '.' || fraction.empty() || fraction.find_first_not_of("0123456789") != std::string_view::npos) {
      return kNone;
    }
    for (size_t i = 0, weight = 100; i < fraction.size() && i < 3; ++i, weight /= 10) {
      thousandths += (fraction[i] - '0') * static_cast<int64_t>(weight);
    }
  }
  int64_t ms = 0;
  if (value < 100'000'000'000) {
    ms = value * kMsPerSecond + thousandths;
  } else if (value < 100'000'000'000'000) {
    ms = value;
  } else {
    ms = value / 1'000;
  }
  return negative ? -ms : ms;
}

}  // namespace

// Counts in years that begin in March, so that the leap day is the last of its year.
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  const int64_t march_year = month > 2 ? year : year - 1;
  const int64_t march_month = month > 2 ? month - 3 : month + 9;
  const int64_t century = (march_year >= 0 ? march_year : march_year - 99) / 100;
  const int64_t leap_days =
      (march_year >= 0 ? march_year : march_year - 3) / 4 - century + (century >= 0 ? century : century - 3) / 4;
  constexpr int64_t kDaysBefore1970 = 719'468;
  return march_year * 365 + leap_days + (153 * march_month + 2) / 5 + day - 1 - kDaysBefore1970;
}

int64_t ReadEventTime(std::string_view text) {
  if (text.empty()) return kNone;
  if (text.front() > '9') return text.size() == 30 ? ParseTwitterForm(text) : kNone;
  return text.size() >= 19 && text[4] == '-' ? ParseRfc3339(text) : ParseEpochNumber(text);
}

std::optional<int64_t> ParseEventTime(std::string_view text) {
  const int64_t ms = ReadEventTime(text);
  return ms == kNone ? std::nullopt : std::optional(ms);
}

}  // namespace tocsin
