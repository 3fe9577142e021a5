#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>

#include "base/json.h"

namespace fairlead::base {

namespace {

std::atomic<LogFormat> log_format{LogFormat::kText};

spdlog::level::level_enum level_of(LogLevel level) {
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

void set_pattern(spdlog::logger& logger, LogFormat format) {
    if (format == LogFormat::kJson) {
        logger.set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                           spdlog::pattern_time_type::utc);
    } else {
        logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v", spdlog::pattern_time_type::utc);
    }
}

spdlog::logger& stderr_logger() {
    static const std::shared_ptr<spdlog::logger> logger = [] {
        auto created = std::make_shared<spdlog::logger>(
            "fairlead", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        set_pattern(*created, LogFormat::kText);
        created->flush_on(spdlog::level::debug);
        return created;
    }();
    return *logger;
}

bool needs_quotes(const LogField& field) {
    // What the JSON form would change could change the terminal that shows it.
    return field.quoted() &&
           (field.value().empty() || field.value().find_first_of(" =") != std::string_view::npos ||
            json_quote(field.value()).size() != field.value().size() + 2);
}

/// A message is not put in quotes, but what would act on a terminal is escaped in it.
std::string plain_message(std::string_view message) {
    if (std::ranges::all_of(message, [](char c) { return c >= ' ' && c < 0x7f; }))
        return std::string(message);
    const auto quoted = json_quote(message);
    return quoted.substr(1, quoted.size() - 2);
}

std::string format_line(std::string_view message, std::initializer_list<LogField> fields, LogFormat format) {
    const bool json = format == LogFormat::kJson;
    std::string line = json ? "\"message\":" + json_quote(message) : plain_message(message);
    for (const auto& field : fields) {
        line += json ? "," + json_quote(field.key()) + ":" : " " + std::string(field.key()) + "=";
        const bool quote = json ? field.quoted() : needs_quotes(field);
        line += quote ? json_quote(field.value()) : std::string(field.value());
    }
    return line;
}

constexpr std::pair<std::string_view, LogLevel> kLevels[] = {{"debug", LogLevel::kDebug},
                                                             {"info", LogLevel::kInfo},
                                                             {"warning", LogLevel::kWarning},
                                                             {"error", LogLevel::kError}};
constexpr std::pair<std::string_view, LogFormat> kFormats[] = {{"text", LogFormat::kText},
                                                               {"json", LogFormat::kJson}};

template <class Value>
using NameTable = std::span<const std::pair<std::string_view, Value>>;

template <class Value>
Result<Value> parse_name(std::string_view text, std::string_view what, NameTable<Value> names) {
    std::string known;
    for (const auto& [name, value] : names) {
        if (name == text) return value;
        known += known.empty() ? "" : ", ";
        known += name;
    }
    return fail(ErrorCode::kInvalid, "'" + std::string(text.substr(0, 32)) + "' is not a " +
                                         std::string(what) + " (one of " + known + ")");
}

}  // namespace

void configure_log(LogLevel level, LogFormat format) {
    log_format = format;
    stderr_logger().set_level(level_of(level));
    set_pattern(stderr_logger(), format);
}

std::string_view name_of(LogLevel level) {
    return std::ranges::find(kLevels, level, &std::pair<std::string_view, LogLevel>::second)->first;
}

std::string_view name_of(LogFormat format) {
    return std::ranges::find(kFormats, format, &std::pair<std::string_view, LogFormat>::second)->first;
}

Result<LogLevel> parse_log_level(std::string_view text) {
    return parse_name<LogLevel>(text, "log level", kLevels);
}

Result<LogFormat> parse_log_format(std::string_view text) {
    return parse_name<LogFormat>(text, "log format", kFormats);
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    auto& logger = stderr_logger();
    if (!logger.should_log(level_of(level))) return;
    logger.log(level_of(level), spdlog::string_view_t(format_line(message, fields, log_format)));
}

}  // namespace fairlead::base
