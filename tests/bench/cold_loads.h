#pragma once

#include <cstddef>

namespace fairlead::bench {

/// Nanoseconds that a load takes whose address is what the load before it gave, while `lines` cache lines
/// that lie anywhere in `bytes` bytes of memory are read in turn: what each step from pointer to pointer
/// costs at least in a structure of that size.
double cold_load_ns(std::size_t bytes, std::size_t lines);

}  // namespace fairlead::bench
