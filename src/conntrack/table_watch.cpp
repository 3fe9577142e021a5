#include "conntrack/table_watch.h"

#include <array>

namespace fairlead::conntrack {

namespace {

using kernel::conntrack::kCpuCounters;

/// A counter that tells of packets or entries that the table lost, and how many of them in a minute are worth
/// a word. A few drops with failed insertions are races between packets of one flow, as they happen on a
/// table of any size; a full table drops every new connection.
struct LossCounter {
    std::string_view name;
    std::uint64_t least_growth;
};
constexpr std::array<LossCounter, 4> kLosses = {
    {{"drop", 10}, {"early_drop", 1}, {"chaintoolong", 1}, {"insert_failed", 10}}};

std::uint64_t least_growth_of(std::string_view counter) {
    for (const auto& loss : kLosses)
        if (loss.name == counter) return loss.least_growth;
    return 0;
}

/// "90 seconds", "12 minutes".
std::string in_words(base::Duration time) {
    constexpr std::int64_t kFewSeconds = 120;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    if (seconds < kFewSeconds) return std::to_string(seconds) + " seconds";
    return std::to_string(seconds / 60) + " minutes";
}

}  // namespace

std::string_view name_of(FillLevel level) {
    constexpr std::array<std::string_view, 3> kNames = {"normal", "warning", "critical"};
    return kNames.at(static_cast<std::size_t>(level));
}

TableNews TableWatch::take(base::TimePoint now, const TableReading& reading) {
    TableNews news;
    used_ = reading.used;
    max_ = reading.max && *reading.max > 0 ? reading.max : std::nullopt;
    news.new_peak = used_ > peak_;
    if (news.new_peak) peak_ = used_;
    totals_.take(reading.cpus);
    rates_.take(now, totals_.totals());
    if (max_) forecast_.take(now, used_, *max_);
    news.fill = fill_.update(now, static_cast<unsigned>(level_now()));
    news.dropping = dropping_.update(now, drops_now() ? 1 : 0);
    return news;
}

std::optional<double> TableWatch::used_percent() const {
    if (!max_) return std::nullopt;
    return 100.0 * used_ / *max_;
}

std::optional<base::Duration> TableWatch::until_full() const {
    return max_ ? forecast_.until_full() : std::nullopt;
}

FillLevel TableWatch::level_now() const {
    if (reaches(percents_.critical, FillLevel::kCritical)) return FillLevel::kCritical;
    if (reaches(percents_.warning, FillLevel::kWarning) || until_full()) return FillLevel::kWarning;
    return FillLevel::kNormal;
}

bool TableWatch::reaches(unsigned percent, FillLevel level) const {
    // Who has a level keeps it a little below where it began.
    constexpr double kKept = 14.0 / 15;
    return max_ && used_percent() >= percent * (this->level() >= level ? kKept : 1);
}

bool TableWatch::drops_now() const {
    for (std::size_t i = 0; i < kCounterCount; ++i)
        if (const auto least = least_growth_of(kCpuCounters[i].name); least > 0 && rates_.growth(i) >= least)
            return true;
    return false;
}

std::string TableWatch::fill_text() const {
    if (!max_) return std::to_string(used_) + " entries, without a limit";
    const auto percent = std::uint64_t{used_} * 100 / *max_;
    std::string text = std::to_string(percent) + " % full, " + std::to_string(used_) + " of " +
                       std::to_string(*max_) + " entries";
    if (const auto time = until_full())
        text += ", and full in about " + in_words(*time) + " if it goes on growing like this";
    return text;
}

std::string TableWatch::dropping_text() const {
    std::string text;
    for (std::size_t i = 0; i < kCounterCount; ++i) {
        const auto growth = rates_.growth(i);
        if (growth == 0 || least_growth_of(kCpuCounters[i].name) == 0) continue;
        text += (text.empty() ? "" : ", ") + std::string(kCpuCounters[i].name) + " " + std::to_string(growth);
    }
    return (text.empty() ? "nothing more" : text) + " within the last minute";
}

}  // namespace fairlead::conntrack
