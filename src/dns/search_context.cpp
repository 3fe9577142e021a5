#include "dns/search_context.h"

#include <algorithm>
#include <array>

namespace fairlead::dns {

namespace {

constexpr std::array<std::string_view, 3> kModes = {"off", "count", "on"};

}  // namespace

std::string_view name_of(CollapseMode mode) {
    return kModes.at(static_cast<std::size_t>(mode));
}

base::Result<CollapseMode> parse_collapse_mode(std::string_view text) {
    const auto* const found = std::ranges::find(kModes, text);
    if (found == kModes.end())
        return base::fail(base::ErrorCode::kInvalid,
                          "'" + std::string(text.substr(0, 40)) + "' is none of on, count and off");
    return static_cast<CollapseMode>(found - kModes.begin());
}

}  // namespace fairlead::dns
