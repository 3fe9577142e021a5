#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "conntrack/alarm.h"
#include "conntrack/counter_rates.h"
#include "conntrack/counter_totals.h"
#include "conntrack/fill_forecast.h"

namespace fairlead::conntrack {

/// From which share of the table on, in percent, its level is kWarning and kCritical.
struct FillPercents {
    unsigned warning = 75;
    unsigned critical = 90;

    friend bool operator==(const FillPercents&, const FillPercents&) = default;
};

enum class FillLevel : std::uint8_t { kNormal, kWarning, kCritical };
/// "normal", "warning" or "critical".
std::string_view name_of(FillLevel level);

/// What one look at the table gave.
struct TableReading {
    std::uint32_t used = 0;
    std::optional<std::uint32_t> max;  ///< absent or 0: there is no limit, or none that is known
    std::span<const kernel::conntrack::CpuStats> cpus;
};

/// What is to be made of a reading.
struct TableNews {
    bool new_peak = false;
    Alarm::Word fill = Alarm::Word::kNothing;      ///< of the table
    Alarm::Word dropping = Alarm::Word::kNothing;  ///< of lost packets and evicted entries
};

/// Follows a table of tracked connections: how full it is and has been, what its counters say, when it will
/// be full, and what of that somebody has to be told. Pure.
class TableWatch {
  public:
    explicit TableWatch(FillPercents percents) : percents_(percents) {}

    void set_percents(FillPercents percents) { percents_ = percents; }

    TableNews take(base::TimePoint now, const TableReading& reading);

    [[nodiscard]] std::uint32_t used() const { return used_; }
    /// Absent if there is no limit.
    [[nodiscard]] std::optional<std::uint32_t> max() const { return max_; }
    /// The most entries of all readings.
    [[nodiscard]] std::uint32_t peak() const { return peak_; }
    /// Of max; absent if there is no limit.
    [[nodiscard]] std::optional<double> used_percent() const;
    /// kWarning from FillPercents::warning on and while there is a forecast, kCritical from
    /// FillPercents::critical on. Falls only after a minute of less than 14/15 of these.
    [[nodiscard]] FillLevel level() const { return static_cast<FillLevel>(fill_.severity()); }
    /// Packets were lost or entries evicted within the last minutes, because of the table.
    [[nodiscard]] bool dropping() const { return dropping_.severity() > 0; }
    [[nodiscard]] std::optional<base::Duration> until_full() const;
    [[nodiscard]] const Totals& totals() const { return totals_.totals(); }
    /// Over the last minute.
    [[nodiscard]] const CounterRates& rates() const { return rates_; }

    /// "78 % full, 204472 of 262144 entries, and full in about 12 minutes if it goes on growing like this".
    [[nodiscard]] std::string fill_text() const;
    /// "drop 12, insert_failed 40 within the last minute".
    [[nodiscard]] std::string dropping_text() const;

  private:
    [[nodiscard]] FillLevel level_now() const;
    [[nodiscard]] bool reaches(unsigned percent, FillLevel level) const;
    [[nodiscard]] bool drops_now() const;

    FillPercents percents_;
    std::uint32_t used_ = 0;
    std::optional<std::uint32_t> max_;
    std::uint32_t peak_ = 0;
    CounterTotals totals_;
    CounterRates rates_;
    FillForecast forecast_;
    Alarm fill_{std::chrono::minutes(1)};
    Alarm dropping_{std::chrono::minutes(5)};
};

}  // namespace fairlead::conntrack
