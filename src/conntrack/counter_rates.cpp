#include "conntrack/counter_rates.h"

namespace fairlead::conntrack {

void CounterRates::take(base::TimePoint now, const Totals& totals) {
    constexpr int kLongestGap = 10;
    if (!readings_.empty() &&
        (now <= readings_.back().at || now - readings_.back().at > kLongestGap * kWindow))
        readings_.clear();
    readings_.push_back({now, totals});
    while (readings_.size() > kMostReadings || (readings_.size() > 2 && now - readings_[1].at >= kWindow))
        readings_.pop_front();
}

std::uint64_t CounterRates::growth(std::size_t counter) const {
    if (readings_.empty()) return 0;
    const auto& before = readings_.front().totals.at(counter);
    const auto& after = readings_.back().totals.at(counter);
    return before && after ? *after - *before : 0;
}

double CounterRates::per_second(std::size_t counter) const {
    if (readings_.size() < 2) return 0;
    const std::chrono::duration<double> time = readings_.back().at - readings_.front().at;
    return static_cast<double>(growth(counter)) / time.count();
}

}  // namespace fairlead::conntrack
