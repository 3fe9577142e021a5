#include "kube/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json.h"

namespace fairlead::kube {

namespace {

/// Lower, Capitalised or UPPER case, as YAML 1.1 has its words.
bool is_word(std::string_view text, std::string_view lower) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto lowered = [&](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; };
    if (!std::ranges::equal(text, lower, {}, lowered)) return false;
    const auto uppers = std::ranges::count_if(text, is_upper);
    return uppers == 0 || uppers == std::ssize(text) || (uppers == 1 && is_upper(text.front()));
}

bool is_any(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return is_word(text, word); });
}

std::pair<std::string_view, int> without_base(std::string_view digits) {
    constexpr std::pair<std::string_view, int> kPrefixes[] = {{"0x", 16}, {"0X", 16}, {"0o", 8},
                                                              {"0O", 8},  {"0b", 2},  {"0B", 2}};
    for (const auto& [prefix, base] : kPrefixes)
        if (digits.starts_with(prefix)) return {digits.substr(prefix.size()), base};
    if (digits.size() > 1 && digits.front() == '0') return {digits.substr(1), 8};
    return {digits, 10};
}

std::optional<std::string> integer_json(std::string_view text) {
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') text.remove_prefix(1);
    const auto [digits, base] = without_base(text);
    std::uint64_t value = 0;
    const auto* const end = digits.end();
    const auto read = std::from_chars(digits.begin(), end, value, base);
    if (digits.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    constexpr std::uint64_t kSmallest = std::uint64_t{1} << 63U;  // magnitude of the least int64
    if (negative && value > kSmallest) return std::nullopt;
    return (negative && value != 0 ? "-" : "") + std::to_string(value);
}

std::optional<std::string> decimal_json(std::string_view text) {
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') text.remove_prefix(1);
    // from_chars also takes "inf" and "nan", which are text here.
    if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string_view::npos)
        return std::nullopt;
    if (text.front() == '-' || text == ".") return std::nullopt;
    double value = 0;
    const auto* const end = text.end();
    const auto read = std::from_chars(text.begin(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    constexpr double kExactIntegers = 9'007'199'254'740'992.0;  // 2^53
    if (value == std::floor(value) && value < kExactIntegers)
        return integer_json((negative ? "-" : "") + std::to_string(static_cast<std::uint64_t>(value)));
    char shortest[32];
    const auto written =
        std::to_chars(std::begin(shortest), std::end(shortest), value, std::chars_format::scientific);
    return (negative ? "-" : "") + std::string(std::begin(shortest), written.ptr);
}

}  // namespace

std::string plain_scalar_json(std::string_view text) {
    if (text.empty() || text == "~" || is_word(text, "null")) return "null";
    if (is_any(text, {"true", "yes", "on", "y"})) return "true";
    if (is_any(text, {"false", "no", "off", "n"})) return "false";
    constexpr std::size_t kLongestNumber = 64;
    const bool like_number = std::string_view("+-.0123456789").find(text.front()) != std::string_view::npos;
    if (!like_number || text.size() > kLongestNumber) return base::json_quote(text);
    std::string digits{text};
    if (text.front() != '.') std::erase(digits, '_');
    if (auto integer = integer_json(digits)) return *std::move(integer);
    if (auto decimal = decimal_json(digits)) return *std::move(decimal);
    return base::json_quote(text);
}

}  // namespace fairlead::kube
