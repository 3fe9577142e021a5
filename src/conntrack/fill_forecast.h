#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.h"

namespace fairlead::conntrack {

/// When a table will be full if it goes on growing as it does: the answer to a leak, not to a burst.
///
/// It looks at the least number of entries in each half minute, so what comes and goes is not seen, and at
/// several windows of time. The shortest of these, eight minutes, is more than twice the three minutes for
/// which closed connections stay (TIME_WAIT, and until the kernel removes them): a higher rate of short
/// connections is a step to a new plateau, which it has reached by then. It says something only if
/// - the numbers of one window rise nearly throughout (rank correlation), in its first half and its last
///   quarter at no less than half the slope of the whole, in its last half not notably slower than in its
///   first: growth goes on;
/// - at that slope (Theil and Sen: the median over all pairs) the table is full within that window's length
///   once more, and within an hour: what has grown for ten minutes is no reason to speak of the evening. What
///   grows more slowly has reached a level of 75 % by then;
/// - there are clearly more entries than at any time of the day before: load that comes and goes every day or
///   every ten minutes is known by then. Peaks of more than 75 % do not count for that: they were no good;
/// - it has said so twice, and until it has not for a minute.
///
/// At most 128 numbers and 24 peaks are kept. Pure.
class FillForecast {
  public:
    static constexpr base::Duration kHorizon = std::chrono::hours(1);

    /// Takes in that at `now`, every few seconds, `used` of `max` entries are there. If time goes back, or
    /// nothing came for two minutes, all begins anew.
    void take(base::TimePoint now, std::uint32_t used, std::uint32_t max);

    /// From the last reading on; at least 0.
    [[nodiscard]] std::optional<base::Duration> until_full() const;

  private:
    struct Bin {
        std::uint32_t least = 0;
        std::uint32_t most = 0;
    };

    void close_bins(base::TimePoint now);
    void close_bin();
    void judge(std::uint32_t max);
    [[nodiscard]] std::optional<double> bins_until_full(std::uint32_t max) const;
    /// Entries per bin, if there is growth throughout the window.
    [[nodiscard]] std::optional<double> steady_slope(std::size_t window) const;
    [[nodiscard]] std::uint32_t peak_before(std::size_t bins, std::uint32_t max) const;

    std::deque<Bin> bins_;             // of equal length, the newest last
    std::deque<std::uint32_t> hours_;  // peaks of what is no longer in bins_
    std::size_t bins_in_last_hour_ = 0;
    Bin open_;
    base::TimePoint open_since_{};
    base::TimePoint last_{};
    bool any_ = false;
    int said_ = 0;    // in a row
    int silent_ = 0;  // in a row
    std::optional<base::TimePoint> full_at_;
};

}  // namespace fairlead::conntrack
