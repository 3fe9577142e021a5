#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <vector>

// How many entries a table has, every five seconds: made-up days of nodes that are well, and leaks.
namespace fairlead::test {

inline constexpr std::uint32_t kSeriesMax = 262'144;
inline constexpr std::chrono::seconds kSeriesStep{5};

using Series = std::vector<std::uint32_t>;
using Random = std::mt19937_64;

inline double between(Random& random, double low, double high) {
    return std::uniform_real_distribution<>{low, high}(random);
}

/// `share` gives what part of the table is used at a second; noise of `noise` of that part is put over it,
/// half of which lasts for minutes.
inline Series series(Random& random, double hours, double noise, const std::function<double(double)>& share) {
    constexpr double kLasting = 0.98;
    std::normal_distribution<> normal;
    double slow = 0;
    Series result;
    for (double second = 0; second < hours * 3600; second += 5) {
        slow = kLasting * slow + std::sqrt(1 - kLasting * kLasting) * normal(random);
        const double part = share(second) * (1 + noise * (normal(random) + slow) / 2);
        result.push_back(static_cast<std::uint32_t>(std::clamp(part, 0.0, 1.0) * kSeriesMax));
    }
    return result;
}

inline Series steady(Random& random) {
    const double level = between(random, 0.05, 0.65);
    return series(random, 6, between(random, 0, 0.15), [=](double) { return level; });
}

/// A day with a sine of load, from as little as 5 % to as much as 72 %.
inline Series daily(Random& random) {
    const double low = between(random, 0.05, 0.3);
    const double high = between(random, low, 0.72);
    const double shift = between(random, 0, 86400);
    return series(random, 24, 0.05, [=](double second) {
        return low + (high - low) * (1 + std::sin(2 * std::numbers::pi * (second + shift) / 86400)) / 2;
    });
}

/// Bursts of short connections, each of which stays for 120 s in TIME_WAIT.
inline Series bursts(Random& random) {
    struct Burst {
        double begin, length, share;
    };
    std::vector<Burst> all;
    for (double at = 0; at < 6 * 3600; at += between(random, 60, 5400))
        all.push_back({at, between(random, 5, 180), between(random, 0.05, 0.5)});
    const double level = between(random, 0.05, 0.2);
    return series(random, 6, 0.05, [=](double second) {
        double share = level;
        for (const auto& [begin, length, part] : all) {
            const double in = std::clamp((second - begin) / length, 0.0, 1.0);
            const double out = std::clamp((second - begin - 120) / length, 0.0, 1.0);
            share += part * (in - out);
        }
        return std::min(share, 0.74);
    });
}

/// A step of the load within `shortest` to `longest` seconds, to a plateau.
inline Series step(Random& random, double shortest, double longest) {
    const double before = between(random, 0.05, 0.4);
    const double after = between(random, before, 0.72);
    const double length = between(random, shortest, longest);
    const double begin = between(random, 600, 2 * 3600);
    return series(random, 4, 0.05, [=](double second) {
        return before + (after - before) * std::clamp((second - begin) / length, 0.0, 1.0);
    });
}
/// More connections a second, that each stay as long as a TIME_WAIT.
inline Series quick_step(Random& random) {
    return step(random, 5, 120);
}
/// A rollout that moves load here.
inline Series slow_step(Random& random) {
    return step(random, 120, 1800);
}

/// More connections a second, that stay 5 to 15 minutes: the table nears its new level ever more slowly.
inline Series saturation(Random& random) {
    const double before = between(random, 0.05, 0.3);
    const double after = between(random, before, 0.72);
    const double stay = between(random, 300, 900);
    return series(random, 4, 0.05, [=](double second) {
        return second < 1800 ? before : after - (after - before) * std::exp(-(second - 1800) / stay);
    });
}

/// A batch job that opens more and more connections and drops them, again and again.
inline Series sawtooth(Random& random) {
    const double low = between(random, 0.05, 0.3);
    const double high = between(random, low, 0.72);
    const double period = between(random, 600, 7200);
    const double rising = period * between(random, 0.1, 0.9);
    return series(random, 8, 0.05, [=](double second) {
        return low + (high - low) * std::clamp(std::fmod(second, period) / rising, 0.0, 1.0) *
                         (std::fmod(second, period) < rising ? 1 : 0);
    });
}

/// A leak after half an hour of nothing, that fills the table within twenty minutes to four hours.
inline Series linear_leak(Random& random) {
    const double level = between(random, 0.05, 0.4);
    const double length = between(random, 1200, 4 * 3600);
    return series(random, 0.5 + length / 3600 + 0.1, 0.05, [=](double second) {
        return level + (1.1 - level) * std::max(0.0, second - 1800) / length;
    });
}

/// The same, ever faster.
inline Series accelerating_leak(Random& random) {
    const double level = between(random, 0.05, 0.4);
    const double length = between(random, 1200, 4 * 3600);
    return series(random, 0.5 + length / 3600 + 0.1, 0.05, [=](double second) {
        return level + (1.1 - level) * std::pow(std::max(0.0, second - 1800) / length, 2);
    });
}

}  // namespace fairlead::test
