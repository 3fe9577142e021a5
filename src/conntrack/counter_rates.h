#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/time.h"
#include "conntrack/counter_totals.h"

namespace fairlead::conntrack {

/// How much each counter grew within the last minute: from the last reading that is as old as that, or else
/// from the first one that there is.
class CounterRates {
  public:
    static constexpr base::Duration kWindow = std::chrono::minutes(1);

    /// Takes in totals of `now`. If no time has passed since the last ones, or more than ten windows, all
    /// begins anew: growth over such a gap is nobody's rate.
    void take(base::TimePoint now, const Totals& totals);

    /// What counter number `counter` grew by; 0 before the second reading, and if it was not there before.
    [[nodiscard]] std::uint64_t growth(std::size_t counter) const;
    /// The same, per second.
    [[nodiscard]] double per_second(std::size_t counter) const;

  private:
    struct Reading {
        base::TimePoint at;
        Totals totals;
    };
    static constexpr std::size_t kMostReadings = 64;

    std::deque<Reading> readings_;
};

}  // namespace fairlead::conntrack
