// Logs: one line an event on stderr, as text or JSON. Never a post's text.
//
// Thread-safe. Before InitLogging, lines go out as text at info.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

void InitLogging(LogFormat format, LogLevel least);

using LogField = std::pair<std::string_view, std::string>;

// `message` is static text; what varies goes into `fields`. The same message is let through at most 10 times a second;
// how many were held back is said with the next one.
void LogEvent(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace tocsin
