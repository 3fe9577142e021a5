#pragma once

#include <string>

namespace fairlead::agent {

/// A JSON array of what `to_json` makes of each item.
template <class Range, class ToJson>
std::string json_list(const Range& range, ToJson to_json) {
    std::string text = "[";
    for (const auto& item : range) {
        if (text.size() > 1) text += ",";
        text += to_json(item);
    }
    return text + "]";
}

}  // namespace fairlead::agent
