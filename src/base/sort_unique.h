#pragma once

#include <algorithm>
#include <vector>

namespace fairlead::base {

/// Sorts `values` and keeps each once.
template <class Value>
void sort_unique(std::vector<Value>& values) {
    std::ranges::sort(values);
    const auto repeated = std::ranges::unique(values);
    values.erase(repeated.begin(), repeated.end());
}

}  // namespace fairlead::base
