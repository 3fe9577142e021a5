#include "agent/repair_pace.h"

#include <algorithm>

namespace fairlead::agent {

base::Duration RepairPace::pause(base::TimePoint now) const {
    return any_ ? std::max(base::Duration{}, last_ + pause_ - now) : base::Duration{};
}

void RepairPace::repaired(base::TimePoint now) {
    const bool again = any_ && now - last_ < kMemory;
    pause_ = again ? std::clamp(pause_ * 2, kFirstPause, kLongestPause) : base::Duration{};
    last_ = now;
    any_ = true;
}

}  // namespace fairlead::agent
