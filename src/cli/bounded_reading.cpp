#include "cli/bounded_reading.h"

#include <chrono>

namespace fairlead::cli {

base::Result<bool> visit_for(kernel::conntrack::ConntrackTable& table, base::Duration time,
                             const std::function<void(const kernel::conntrack::Flow&)>& visit) {
    constexpr std::uint32_t kBetweenLooks = 1024;
    const auto start = std::chrono::steady_clock::now();
    std::uint32_t visited = 0;
    return table.visit_while({}, [&](const kernel::conntrack::Flow& flow) {
        visit(flow);
        return ++visited % kBetweenLooks != 0 || std::chrono::steady_clock::now() - start < time;
    });
}

}  // namespace fairlead::cli
