#pragma once

// For .cpp files of cli/ only: fields of the agent's pages. What is missing or of another type is empty.

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli::json {

inline std::string text(simdjson::dom::element object, std::string_view key) {
    std::string_view value;
    if (object[key].get(value)) return {};
    return std::string(value);
}

inline std::uint64_t number(simdjson::dom::element object, std::string_view key) {
    std::uint64_t value = 0;
    return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

inline bool flag(simdjson::dom::element object, std::string_view key) {
    bool value = false;
    return object[key].get(value) == simdjson::SUCCESS && value;
}

/// Calls `visit` for each element of the array under `key`.
template <class Visit>
void each(simdjson::dom::element object, std::string_view key, Visit visit) {
    simdjson::dom::array items;
    if (object[key].get(items)) return;
    for (const simdjson::dom::element item : items)
        visit(item);
}

inline std::vector<std::string> texts(simdjson::dom::element object, std::string_view key) {
    std::vector<std::string> values;
    each(object, key, [&](simdjson::dom::element item) {
        std::string_view value;
        if (item.get(value) == simdjson::SUCCESS) values.emplace_back(value);
    });
    return values;
}

}  // namespace fairlead::cli::json
