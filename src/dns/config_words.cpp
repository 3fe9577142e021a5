#include "dns/config_words.h"

#include <array>
#include <charconv>
#include <utility>

namespace fairlead::dns {

namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";
constexpr double kMostMs = 10.0 * 366 * 24 * 3600 * 1000;

// Longer ones first, where one begins like another.
constexpr std::array<std::pair<std::string_view, double>, 4> kUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

}  // namespace

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const auto begin = line.find_first_not_of(kBlanks);
        if (begin == std::string_view::npos || line[begin] == '#' || line[begin] == ';') return words;
        line.remove_prefix(begin);
        const auto end = std::min(line.find_first_of(kBlanks), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    double total = 0;
    bool first = true;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        double value = 0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
        if (error != std::errc{} || !(value >= 0) || text[0] == '-') return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        double unit = first && text.empty() ? 1000 : 0;
        for (const auto& [name, length] : kUnits) {
            if (unit != 0 || !text.starts_with(name)) continue;
            unit = length;
            text.remove_prefix(name.size());
        }
        if (unit == 0) return std::nullopt;
        total += value * unit;
        first = false;
        if (!(total <= kMostMs)) return std::nullopt;
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

}  // namespace fairlead::dns
