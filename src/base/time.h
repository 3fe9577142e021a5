#pragma once

#include <chrono>

namespace fairlead::base {

/// Monotonic time. Pure code gets it as a parameter; only net/ reads the clock.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
/// Wall-clock time, for what people and the API see.
using WallTime = std::chrono::system_clock::time_point;

}  // namespace fairlead::base
