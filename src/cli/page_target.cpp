#include "cli/page_target.h"

#include <algorithm>

namespace fairlead::cli {

namespace {

bool fits_a_query(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               std::string_view("-._:/@*").contains(c);
    });
}

}  // namespace

base::Result<std::string> page_target(
    std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& parameters) {
    std::string target(path);
    for (const auto& [name, value] : parameters) {
        if (value.empty()) continue;
        if (!fits_a_query(value))
            return base::fail(base::ErrorCode::kInvalid, std::string(name) + " '" + value + "' is none");
        target += (target.contains('?') ? "&" : "?") + std::string(name) + "=" + value;
    }
    return target;
}

}  // namespace fairlead::cli
