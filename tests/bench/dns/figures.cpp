#include "bench/dns/figures.h"

#include <algorithm>
#include <cstddef>
#include <sstream>

namespace fairlead::bench {

std::string latency_figures(std::vector<std::uint32_t> latencies_ns) {
    std::ranges::sort(latencies_ns);
    const auto quantile = [&](double share) {
        if (latencies_ns.empty()) return 0.0;
        const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies_ns.size()));
        return static_cast<double>(latencies_ns[std::min(at, latencies_ns.size() - 1)]) / 1000;
    };
    std::ostringstream text;
    text << "\"p50\": " << quantile(0.5) << ", \"p99\": " << quantile(0.99)
         << ", \"p99.9\": " << quantile(0.999) << ", \"max\": " << quantile(1);
    return text.str();
}

}  // namespace fairlead::bench
