#include "conntrack/counter_totals.h"

namespace fairlead::conntrack {

namespace {

using kernel::conntrack::CpuStats;
using kernel::conntrack::kCpuCounters;

std::uint32_t step(std::uint32_t before, std::uint32_t now) {
    constexpr std::uint32_t kHalfRange = std::uint32_t{1} << 31U;
    const std::uint32_t step = now - before;
    return step < kHalfRange ? step : now;
}

}  // namespace

void CounterTotals::take(std::span<const CpuStats> cpus) {
    for (const auto& cpu : cpus) {
        auto& last = last_[cpu.cpu];
        for (std::size_t i = 0; i < kCounterCount; ++i) {
            const auto member = kCpuCounters[i].value;
            const auto& now = cpu.*member;
            if (!now) continue;
            totals_[i] = totals_[i].value_or(0) + step((last.*member).value_or(0), *now);
            last.*member = now;
        }
    }
}

}  // namespace fairlead::conntrack
