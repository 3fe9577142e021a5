#include "agent/config_duration.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

// Longer names first: "ms" begins like "m".
constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
    {"ns", 1},          {"us", 1'000},        {"\u00b5s", 1'000},  // micro sign
    {"\u03bcs", 1'000},                                            // Greek mu
    {"ms", 1'000'000},  {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000},
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes "12" or "1.5" or ".5" off the front; nullopt if there is no number.
std::optional<double> take_number(std::string_view& text) {
    const auto* const point = std::ranges::find_if_not(text, is_digit);
    const auto* end = point;
    if (end != text.end() && *end == '.') end = std::find_if_not(end + 1, text.end(), is_digit);
    const auto digits = (end - text.begin()) - (end == point ? 0 : 1);
    double value = 0;
    if (digits == 0 || std::from_chars(text.begin(), end, value).ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    return value;
}

std::optional<std::int64_t> take_unit(std::string_view& text) {
    for (const auto& [name, nanoseconds] : kUnits) {
        if (!text.starts_with(name)) continue;
        text.remove_prefix(name.size());
        return nanoseconds;
    }
    return std::nullopt;
}

/// "1.5" of 1'500'000 in units of 1'000'000.
std::string decimal(std::int64_t nanoseconds, std::int64_t unit) {
    std::string text = std::to_string(nanoseconds / unit);
    const auto rest = nanoseconds % unit;
    if (rest == 0) return text;
    auto fraction = std::to_string(unit + rest).substr(1);  // with its leading zeros
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return text + "." + fraction;
}

}  // namespace

Result<base::Duration> parse_duration(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return base::fail(ErrorCode::kInvalid, "'" + std::string(text) + "' " + std::string(why));
    };
    if (text.starts_with('-')) return refuse("is a negative duration");
    auto rest = text.starts_with('+') ? text.substr(1) : text;
    if (rest == "0") return base::Duration{0};
    double total = 0;
    if (rest.empty()) return refuse("is not a duration such as 1h30m or 90s");
    while (!rest.empty()) {
        const auto number = take_number(rest);
        const auto unit = number ? take_unit(rest) : std::nullopt;
        if (!unit) return refuse("is not a duration such as 1h30m or 90s");
        total += *number * static_cast<double>(*unit);
    }
    constexpr auto kLongest = static_cast<double>(std::numeric_limits<std::int64_t>::max());
    if (total >= kLongest) return refuse("is longer than 290 years");
    return base::Duration{std::llround(total)};
}

std::string format_duration(base::Duration duration) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    constexpr std::int64_t kSecondsPerMinute = 60;
    const std::int64_t nanoseconds = duration.count();
    if (nanoseconds == 0) return "0s";
    if (nanoseconds < 1'000) return std::to_string(nanoseconds) + "ns";
    if (nanoseconds < 1'000'000) return decimal(nanoseconds, 1'000) + "\u00b5s";
    if (nanoseconds < kSecond) return decimal(nanoseconds, 1'000'000) + "ms";
    const auto minutes = nanoseconds / kSecond / kSecondsPerMinute;
    auto seconds = decimal(nanoseconds - minutes * kSecondsPerMinute * kSecond, kSecond) + "s";
    if (minutes == 0) return seconds;
    const auto hours = minutes / kSecondsPerMinute;
    if (hours == 0) return std::to_string(minutes) + "m" + seconds;
    return std::to_string(hours) + "h" + std::to_string(minutes % kSecondsPerMinute) + "m" + seconds;
}

}  // namespace fairlead::agent
