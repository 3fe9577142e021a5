#pragma once

#include <cstdint>

namespace fairlead::net {

/// What this process uses, from /proc/self. What cannot be read is 0.
struct ProcessUsage {
    double cpu_seconds = 0;
    double start_time_seconds = 0;  ///< Unix time
    std::uint64_t resident_bytes = 0;
    std::uint64_t peak_resident_bytes = 0;
    std::uint64_t open_descriptors = 0;
};

ProcessUsage process_usage();

}  // namespace fairlead::net
