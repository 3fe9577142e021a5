#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "kernel/conntrack/cpu_stats.h"

namespace fairlead::conntrack {

inline constexpr std::size_t kCounterCount = kernel::conntrack::kCpuCounters.size();

/// One number for each of kernel::conntrack::kCpuCounters, in their order; absent where no kernel told it.
using Totals = std::array<std::optional<std::uint64_t>, kCounterCount>;

/// The counters of all CPUs together, as numbers that never wrap or go back. A total begins with what the
/// kernel has counted already.
class CounterTotals {
  public:
    /// Takes in a reading. A CPU that is not in it keeps what it had, and goes on from there when it is back.
    /// A counter of 32 bits that is smaller than before has wrapped if that is a step of less than half its
    /// range, and was set back to 0 otherwise: then what it has now is counted.
    void take(std::span<const kernel::conntrack::CpuStats> cpus);

    [[nodiscard]] const Totals& totals() const { return totals_; }

  private:
    std::map<std::uint16_t, kernel::conntrack::CpuStats> last_;  // by CPU; as many as the kernel has
    Totals totals_;
};

}  // namespace fairlead::conntrack
