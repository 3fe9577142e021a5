#include "agent/guard_mode.h"

#include <utility>

namespace fairlead::agent {

namespace {

constexpr std::pair<std::string_view, GuardMode> kNames[] = {{"endpoints", GuardMode::kEndpoints},
                                                             {"all", GuardMode::kAll},
                                                             {"liberal", GuardMode::kLiberal},
                                                             {"off", GuardMode::kOff}};

}  // namespace

std::string_view name_of(GuardMode mode) {
    return kNames[static_cast<std::size_t>(mode)].first;
}

base::Result<GuardMode> parse_guard_mode(std::string_view name) {
    for (const auto& [known, mode] : kNames)
        if (name == known) return mode;
    return base::fail(base::ErrorCode::kInvalid,
                      "'" + std::string(name) + "' is none of endpoints, all, liberal, off");
}

services::InvalidGuard invalid_guard_of(GuardMode mode) {
    switch (mode) {
        case GuardMode::kEndpoints:
            return services::InvalidGuard::kEndpoints;
        case GuardMode::kAll:
            return services::InvalidGuard::kAll;
        case GuardMode::kLiberal:
        case GuardMode::kOff:
            break;
    }
    return services::InvalidGuard::kNone;
}

}  // namespace fairlead::agent
