#include "bench/counted_heap.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

fairlead::bench::HeapUse use;

}  // namespace

namespace fairlead::bench {

HeapUse heap_use() {
    return use;
}
void reset_heap_peak() {
    use.peak_bytes = use.live_bytes;
}

}  // namespace fairlead::bench

void* operator new(std::size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) std::abort();
    use.live_bytes += malloc_usable_size(memory);
    use.peak_bytes = std::max(use.peak_bytes, use.live_bytes);
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory != nullptr) use.live_bytes -= malloc_usable_size(memory);
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}
