#include "admin/accept.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

namespace fairlead::admin {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Takes what comes before the separator off the text, and the separator with it.
std::string_view take_until(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return trimmed(part);
}

std::optional<double> parse_quality(std::string_view text) {
    double quality = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), quality);
    const bool whole = problem == std::errc{} && end == text.data() + text.size();
    return whole && quality > 0 && quality <= 1 ? std::optional{quality} : std::nullopt;
}

std::optional<AcceptedType> parse_range(std::string_view text) {
    AcceptedType range;
    auto names = take_until(text, ';');
    range.type = take_until(names, '/');
    range.subtype = trimmed(names);
    if (range.type.empty() || range.subtype.empty()) return std::nullopt;
    if (range.type == "*" && range.subtype != "*") return std::nullopt;
    while (!text.empty()) {
        auto value = take_until(text, ';');
        const auto name = take_until(value, '=');
        if (name.empty()) continue;
        if (name != "q") {
            range.parameters.insert_or_assign(std::string(name), std::string(trimmed(value)));
            continue;
        }
        const auto quality = parse_quality(trimmed(value));
        if (!quality) return std::nullopt;
        range.quality = *quality;
    }
    return range;
}

}  // namespace

std::string_view AcceptedType::parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string_view{} : found->second;
}

std::vector<AcceptedType> parse_accept(std::string_view header) {
    std::vector<AcceptedType> ranges;
    while (!header.empty())
        if (auto range = parse_range(take_until(header, ','))) ranges.push_back(*std::move(range));
    std::ranges::stable_sort(ranges, [](const AcceptedType& a, const AcceptedType& b) {
        const auto rank = [](const AcceptedType& range) {
            return std::tuple{-range.quality, range.type == "*", range.subtype == "*"};
        };
        return rank(a) < rank(b);
    });
    return ranges;
}

}  // namespace fairlead::admin
