#include "agent/config_numbers.h"

#include <charconv>

namespace fairlead::agent {

base::Result<std::int64_t> parse_number(const std::string& text, std::int64_t low, std::int64_t high) {
    std::int64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || value < low || value > high)
        return base::fail(base::ErrorCode::kInvalid, "'" + text + "' is no whole number from " +
                                                         std::to_string(low) + " to " + std::to_string(high));
    return value;
}

}  // namespace fairlead::agent
