#pragma once

#include <string>
#include <vector>

#include "lab/terminal.h"

namespace fairlead::lab {

/// A group of bars that belong together, e.g. all measured at one size.
struct BarGroup {
    std::string label;
    struct Bar {
        std::string label;
        double value = 0;
        std::string text;  ///< the value for people
        int sgr = 0;       ///< colour
    };
    std::vector<Bar> bars;
};

/// Horizontal bars on one scale that begins at 0; the longest is `width` columns long. Eighths of blocks, or
/// '#' where the style has no Unicode.
std::string render_bars(const std::vector<BarGroup>& groups, std::size_t width, const Style& style);

/// "850 ns", "21.5 us", "3.20 ms", "2.5 s": three digits; "µs" where the style has Unicode.
std::string format_seconds(double seconds, const Style& style);
/// "10,000"
std::string format_count(std::size_t count);

}  // namespace fairlead::lab
