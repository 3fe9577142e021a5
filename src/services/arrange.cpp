#include "services/arrange.h"

#include <algorithm>

namespace fairlead::services {

std::vector<Backend> arrange(std::span<const Backend> programmed, std::span<const Backend> wanted) {
    std::vector<Backend> arranged(programmed.begin(), programmed.end());
    std::vector<Backend> staying(programmed.begin(), programmed.end());
    std::ranges::sort(staying);
    std::vector<Backend> added;
    std::ranges::set_difference(wanted, staying, std::back_inserter(added));

    std::vector<std::size_t> holes;
    for (std::size_t i = 0; i < arranged.size(); ++i)
        if (!std::ranges::binary_search(wanted, arranged[i])) holes.push_back(i);

    auto hole = holes.begin();
    for (const auto& backend : added) {
        if (hole != holes.end())
            arranged[*hole++] = backend;
        else
            arranged.push_back(backend);
    }
    // What is left over is closed from the back, so that each move takes a backend that stays.
    for (auto left = holes.end(); left != hole;) {
        arranged[*--left] = arranged.back();
        arranged.pop_back();
    }
    return arranged;
}

}  // namespace fairlead::services
