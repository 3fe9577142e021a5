#include "kube/rfc3339.h"

#include <charconv>
#include <chrono>
#include <limits>

namespace fairlead::kube {

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

/// The number that starts at `begin` and has `digits` digits.
std::optional<int> number_at(std::string_view text, std::size_t begin, std::size_t digits) {
    if (begin + digits > text.size()) return std::nullopt;
    int number = 0;
    const char* const end = text.data() + begin + digits;
    const auto [stop, problem] = std::from_chars(text.data() + begin, end, number);
    if (problem != std::errc{} || stop != end || number < 0) return std::nullopt;
    return number;
}

/// "Z", "+02:00" or "-07:30" in seconds east of UTC.
std::optional<int> offset_s(std::string_view text) {
    if (text == "Z" || text == "z") return 0;
    const auto hours = number_at(text, 1, 2);
    const auto minutes = number_at(text, 4, 2);
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !hours || !minutes)
        return std::nullopt;
    const int seconds = *hours * 3600 + *minutes * 60;
    return text[0] == '+' ? seconds : -seconds;
}

/// ".123" as nanoseconds; takes it off `text`. Digits after the ninth are dropped.
std::int64_t take_fraction_ns(std::string_view& text) {
    if (text.empty() || text[0] != '.') return 0;
    text.remove_prefix(1);
    std::int64_t fraction = 0;
    std::int64_t scale = kNanosecondsPerSecond;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
        scale /= 10;
        fraction += (text[0] - '0') * scale;
    }
    return fraction;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    constexpr std::size_t kUpToSeconds = 19;
    const auto year = number_at(text, 0, 4);
    const auto month = number_at(text, 5, 2);
    const auto day = number_at(text, 8, 2);
    const auto hour = number_at(text, 11, 2);
    const auto minute = number_at(text, 14, 2);
    const auto second = number_at(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':')
        return std::nullopt;
    using namespace std::chrono;
    const year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                              std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    auto rest = text.substr(kUpToSeconds);
    const auto fraction_ns = take_fraction_ns(rest);
    const auto offset = offset_s(rest);
    if (!offset) return std::nullopt;
    const std::int64_t days = sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second - *offset;
    using Limits = std::numeric_limits<std::int64_t>;
    // The whole seconds that leave room for a fraction.
    if (seconds >= Limits::max() / kNanosecondsPerSecond) return Limits::max();
    if (seconds <= Limits::min() / kNanosecondsPerSecond) return Limits::min();
    return seconds * kNanosecondsPerSecond + fraction_ns;
}

}  // namespace fairlead::kube
