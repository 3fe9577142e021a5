#pragma once

#include "kernel/netlink/kernel_error.h"

namespace fairlead::kernel::netlink {

/// How often something transient is tried in all.
inline constexpr int kAttempts = 8;

/// Calls `attempt`, which gives a Result, again while what failed is transient (see is_transient).
template <class Attempt>
auto retried(Attempt attempt) {
    auto result = attempt();
    for (int i = 1; i < kAttempts && !result && is_transient(result.error().errno_value); ++i)
        result = attempt();
    return result;
}

}  // namespace fairlead::kernel::netlink
