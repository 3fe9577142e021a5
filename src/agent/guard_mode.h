#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "services/invalid_guard.h"

namespace fairlead::agent {

/// What becomes of packets in state INVALID (setting conntrack.guard, docs/conntrack.md).
enum class GuardMode : std::uint8_t {
    kEndpoints,  ///< those from endpoints of Services are dropped
    kAll,        ///< all are dropped
    kLiberal,    ///< none is dropped, and the kernel calls hardly any TCP segment so
    kOff,        ///< none is dropped
};

/// "endpoints", "all", "liberal", "off".
std::string_view name_of(GuardMode mode);
base::Result<GuardMode> parse_guard_mode(std::string_view name);

services::InvalidGuard invalid_guard_of(GuardMode mode);

}  // namespace fairlead::agent
