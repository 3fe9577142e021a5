#include "dns/upstream_health.h"

#include <algorithm>

namespace fairlead::dns {

namespace {

constexpr base::Duration kLeastPatience = std::chrono::milliseconds(200);
constexpr base::Duration kMostPatience = std::chrono::seconds(1);
constexpr base::Duration kFirstPatience = std::chrono::milliseconds(500);

}  // namespace

void UpstreamHealth::measured(base::Duration round_trip) {
    if (smoothed_ == base::Duration{}) {
        smoothed_ = round_trip;
        variation_ = round_trip / 2;
        return;
    }
    // RFC 6298, section 2.3.
    const base::Duration difference =
        smoothed_ > round_trip ? smoothed_ - round_trip : round_trip - smoothed_;
    variation_ = (variation_ * 3 + difference) / 4;
    smoothed_ = (smoothed_ * 7 + round_trip) / 8;
}

base::Duration UpstreamHealth::patience() const {
    if (smoothed_ == base::Duration{}) return kFirstPatience;
    return std::clamp(smoothed_ + 4 * variation_, kLeastPatience, kMostPatience);
}

}  // namespace fairlead::dns
