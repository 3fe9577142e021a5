#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace fairlead::base {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

/// One `key=value` of a structured log line; numbers are logged as numbers in JSON.
class LogField {
  public:
    LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
    LogField(std::string_view key, const char* value) : key_(key), value_(value) {}
    LogField(std::string_view key, const std::string& value) : key_(key), value_(value) {}
    template <class Number>
        requires std::is_arithmetic_v<Number>
    LogField(std::string_view key, Number value) : key_(key), value_(std::to_string(value)), quoted_(false) {}

    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] std::string_view value() const { return value_; }
    /// False for numbers.
    [[nodiscard]] bool quoted() const { return quoted_; }

  private:
    std::string_view key_;
    std::string value_;
    bool quoted_ = true;
};

/// Chooses what is written to standard error from now on. Thread-safe.
void configure_log(LogLevel level, LogFormat format);
/// "debug", "info", "warning" or "error".
std::string_view name_of(LogLevel level);
/// "text" or "json".
std::string_view name_of(LogFormat format);
/// The other way round; anything else is an error.
Result<LogLevel> parse_log_level(std::string_view text);
/// The other way round; anything else is an error.
Result<LogFormat> parse_log_format(std::string_view text);

/// Writes one line to standard error if `level` is enabled. `message` is a constant sentence; what varies
/// goes into fields. Thread-safe.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void log_debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kDebug, message, fields);
}
inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kInfo, message, fields);
}
inline void log_warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kWarning, message, fields);
}
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kError, message, fields);
}

}  // namespace fairlead::base
