#pragma once

#include <cstddef>

namespace fairlead::bench {

/// Linked into a benchmark, it counts every operator new and delete of the program.
struct HeapUse {
    std::size_t live_bytes = 0;
    std::size_t peak_bytes = 0;
};

HeapUse heap_use();
/// The peak begins again at what is live now.
void reset_heap_peak();

}  // namespace fairlead::bench
