#include "conntrack/fill_forecast.h"

#include <algorithm>
#include <array>
#include <span>

namespace fairlead::conntrack {

namespace {

constexpr base::Duration kBin = std::chrono::seconds(30);
constexpr base::Duration kLongestGap = std::chrono::minutes(2);

// A window is so many points, each of 1, 2, 4 or 8 bins: 8 to 64 minutes.
constexpr std::size_t kPoints = 16;
constexpr std::size_t kWindows = 4;
constexpr std::size_t kPairs = kPoints * (kPoints - 1) / 2;
constexpr std::size_t kMostBins = kPoints << (kWindows - 1);

constexpr std::size_t kBinsPerHour = 120;
constexpr std::size_t kMostHours = 24;

/// Of the pairs of points.
constexpr double kRisingShare = 0.9;
/// What the slope of the first half and of the last quarter of a window is at least, as part of the whole
/// window's; and that of its last half, as part of its first half's.
constexpr double kLeastOfSlope = 0.5;
constexpr double kLeastOfFirst = 0.8;
/// How far a window sees ahead, in its own lengths.
constexpr double kReach = 1;
/// Of the table: what counts as more than a peak, and as a peak that was no good.
constexpr double kMargin = 0.05;
constexpr double kTrouble = 0.75;

constexpr int kSayTwice = 2;
constexpr int kSilentBins = 2;

/// Of all pairs of points, those of which the later one is more.
double rising_share(std::span<const double> points) {
    std::size_t rising = 0;
    for (std::size_t later = 1; later < points.size(); ++later)
        rising += static_cast<std::size_t>(
            std::count_if(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(later),
                          [&](double earlier) { return earlier < points[later]; }));
    return static_cast<double>(rising) / kPairs;
}

/// Per point: the median of the slopes of all pairs.
double median_slope(std::span<const double> points) {
    std::array<double, kPairs> slopes{};
    std::size_t count = 0;
    for (std::size_t later = 1; later < points.size(); ++later)
        for (std::size_t earlier = 0; earlier < later; ++earlier)
            slopes.at(count++) = (points[later] - points[earlier]) / static_cast<double>(later - earlier);
    const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(slopes.begin(), middle, slopes.begin() + static_cast<std::ptrdiff_t>(count));
    return *middle;
}

constexpr std::size_t bins_of(std::size_t window) {
    return kPoints << window;
}

}  // namespace

void FillForecast::take(base::TimePoint now, std::uint32_t used, std::uint32_t max) {
    if (any_ && (now < last_ || now - last_ > kLongestGap)) *this = {};
    if (any_ && now - open_since_ >= kBin) {
        close_bins(now);
        judge(max);
    } else if (!any_) {
        open_since_ = now;
        open_ = {used, used};
    }
    open_.least = std::min(open_.least, used);
    open_.most = std::max(open_.most, used);
    last_ = now;
    any_ = true;
}

void FillForecast::close_bins(base::TimePoint now) {
    for (; now - open_since_ >= kBin; open_since_ += kBin)
        close_bin();
    open_ = {~std::uint32_t{0}, 0};
}

void FillForecast::close_bin() {
    bins_.push_back(open_);
    if (bins_.size() <= kMostBins) return;
    const auto most = bins_.front().most;
    bins_.pop_front();
    if (hours_.empty() || bins_in_last_hour_ == kBinsPerHour) {
        hours_.push_back(most);
        bins_in_last_hour_ = 0;
        if (hours_.size() > kMostHours) hours_.pop_front();
    }
    ++bins_in_last_hour_;
    hours_.back() = std::max(hours_.back(), most);
}

void FillForecast::judge(std::uint32_t max) {
    const auto bins = bins_until_full(max);
    said_ = bins ? said_ + 1 : 0;
    silent_ = bins ? 0 : silent_ + 1;
    if (bins && said_ >= kSayTwice)
        full_at_ = open_since_ + std::chrono::duration_cast<base::Duration>(*bins * kBin);
    else if (silent_ >= kSilentBins)
        full_at_.reset();
}

std::optional<double> FillForecast::bins_until_full(std::uint32_t max) const {
    if (bins_.empty()) return std::nullopt;
    const double free = max - std::min(max, bins_.back().least);
    std::optional<double> found;
    for (std::size_t window = 0; window < kWindows && bins_.size() >= bins_of(window); ++window) {
        const auto slope = steady_slope(window);
        if (!slope) continue;
        const double reach =
            std::min(kReach * static_cast<double>(bins_of(window)), static_cast<double>(kHorizon / kBin));
        const double usual = peak_before(bins_of(window), max);
        const bool unusual = max - free > usual + kMargin * max;
        if (unusual && free <= reach * *slope) found = free / *slope;
    }
    return found;
}

std::optional<double> FillForecast::steady_slope(std::size_t window) const {
    const std::size_t width = std::size_t{1} << window;
    std::array<double, kPoints> points{};
    auto bin = bins_.end() - static_cast<std::ptrdiff_t>(bins_of(window));
    for (auto& point : points) {
        const auto next = bin + static_cast<std::ptrdiff_t>(width);
        point =
            std::min_element(bin, next, [](const Bin& a, const Bin& b) { return a.least < b.least; })->least;
        bin = next;
    }
    const std::span<const double> all{points};
    if (rising_share(all) < kRisingShare) return std::nullopt;
    const double whole = median_slope(all);
    const double first = median_slope(all.first(kPoints / 2));
    const double last = median_slope(all.last(kPoints / 2));
    const double now = median_slope(all.last(kPoints / 4));
    if (whole <= 0 || std::min(first, now) < kLeastOfSlope * whole || last < kLeastOfFirst * first)
        return std::nullopt;
    return whole / static_cast<double>(width);
}

std::uint32_t FillForecast::peak_before(std::size_t bins, std::uint32_t max) const {
    std::uint32_t peak = 0;
    const auto note = [&](std::uint32_t most) {
        if (most < kTrouble * max) peak = std::max(peak, most);
    };
    std::for_each(bins_.begin(), bins_.end() - static_cast<std::ptrdiff_t>(bins),
                  [&](const Bin& bin) { note(bin.most); });
    std::ranges::for_each(hours_, note);
    return peak;
}

std::optional<base::Duration> FillForecast::until_full() const {
    if (!full_at_) return std::nullopt;
    return std::max(base::Duration{}, *full_at_ - last_);
}

}  // namespace fairlead::conntrack
