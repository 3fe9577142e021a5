#include "lab/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace fairlead::lab {

namespace {

constexpr std::size_t kEighths = 8;

std::size_t rounded(double value) {
    return static_cast<std::size_t>(std::lround(value));
}

std::string bar_of(double share, std::size_t width, const Style& style) {
    const double columns = share * static_cast<double>(width);
    if (!style.unicode) return std::string(std::max<std::size_t>(1, rounded(columns)), '#');
    constexpr std::array<const char*, kEighths> kParts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths = std::max<std::size_t>(1, rounded(columns * kEighths));
    std::string text;
    for (std::size_t i = 0; i < eighths / kEighths; ++i)
        text += "█";
    return text + kParts[eighths % kEighths];
}

}  // namespace

std::string render_bars(const std::vector<BarGroup>& groups, std::size_t width, const Style& style) {
    double largest = 0;
    std::size_t group_width = 0;
    std::size_t label_width = 0;
    for (const auto& group : groups) {
        group_width = std::max(group_width, columns_of(group.label));
        for (const auto& bar : group.bars) {
            largest = std::max(largest, bar.value);
            label_width = std::max(label_width, columns_of(bar.label));
        }
    }
    std::string text;
    for (const auto& group : groups) {
        auto label = group.label;
        for (const auto& bar : group.bars) {
            const double share = largest > 0 ? std::max(0.0, bar.value / largest) : 0;
            text += fmt::format("  {}{}  {}{}  {} {}\n", std::string(group_width - columns_of(label), ' '),
                                label, bar.label, std::string(label_width - columns_of(bar.label), ' '),
                                coloured(style, bar.sgr, bar_of(share, width, style)), bar.text);
            label.clear();
        }
    }
    return text;
}

std::string format_seconds(double seconds, const Style& style) {
    struct Unit {
        double size;
        const char* name;
    };
    const std::array<Unit, 4> units = {
        {{1, "s"}, {1e-3, "ms"}, {1e-6, style.unicode ? "µs" : "us"}, {1e-9, "ns"}}};
    const auto* unit =
        std::ranges::find_if(units, [&](const Unit& one) { return seconds >= one.size * 0.9995; });
    if (unit == units.end()) unit = &units.back();
    const double value = seconds / unit->size;
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, decimals, unit->name);
}

std::string format_count(std::size_t count) {
    auto text = std::to_string(count);
    for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3)
        text.insert(static_cast<std::size_t>(i), ",");
    return text;
}

}  // namespace fairlead::lab
