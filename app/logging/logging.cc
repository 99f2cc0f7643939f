#include "app/logging/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tocsin {
namespace {

constexpr int kMaxPerSecond = 10;

struct Limit {
  int64_t second = 0;
  int passed = 0;
  int held_back = 0;
};

struct Logging {
  std::mutex mu;
  LogFormat format = LogFormat::kText;               // guarded by mu
  std::map<std::string, Limit, std::less<>> limits;  // guarded by mu; as many as there are messages in the code
  std::shared_ptr<spdlog::logger> logger;
};

// Never destroyed: threads of libraries may log to the last.
Logging& Instance() {
  static Logging* logging = [] {
    auto* created = new Logging;
    created->logger = std::make_shared<spdlog::logger>("tocsin", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->logger->set_pattern("%v");
    created->logger->set_level(spdlog::level::info);
    return created;
  }();
  return *logging;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string Render(LogFormat format, absl::Time now, LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields, int held_back) {
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone());
  if (format == LogFormat::kJson) {
    nlohmann::ordered_json line;
    line["ts"] = time;
    line["level"] = std::string(LevelName(level));
    line["msg"] = std::string(message);
    for (const auto& [name, value] : fields) line[std::string(name)] = value;
    if (held_back > 0) line["held_back"] = held_back;
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  std::string line = absl::StrCat(time, " ", LevelName(level), " ", message);
  for (const auto& [name, value] : fields) absl::StrAppend(&line, " ", name, "=", value);
  if (held_back > 0) absl::StrAppend(&line, " held_back=", held_back);
  return line;
}

}  // namespace

void InitLogging(LogFormat format, LogLevel least) {
  Logging& logging = Instance();
  const std::lock_guard<std::mutex> lock(logging.mu);
  logging.format = format;
  logging.logger->set_level(ToSpdlog(least));
}

void LogEvent(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  Logging& logging = Instance();
  if (!logging.logger->should_log(ToSpdlog(level))) return;
  const absl::Time now = absl::Now();
  int held_back = 0;
  LogFormat format;
  {
    const std::lock_guard<std::mutex> lock(logging.mu);
    format = logging.format;
    Limit& limit = logging.limits[std::string(message)];
    const int64_t second = absl::ToUnixSeconds(now);
    if (limit.second != second) {
      limit.second = second;
      limit.passed = 0;
    }
    if (++limit.passed > kMaxPerSecond) {
      ++limit.held_back;
      return;
    }
    held_back = std::exchange(limit.held_back, 0);
  }
  logging.logger->log(ToSpdlog(level), Render(format, now, level, message, fields, held_back));
}

}  // namespace tocsin
