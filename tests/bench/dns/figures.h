#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::bench {

/// `"p50": 1.2, "p99": 3.4, "p99.9": 5.6, "max": 7.8`, in microseconds; zeros where there is no latency.
std::string latency_figures(std::vector<std::uint32_t> latencies_ns);

}  // namespace fairlead::bench
