#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/conntrack/flow.h"

namespace fairlead::kernel::conntrack {

enum class FlowEventKind : std::uint8_t { kNew, kUpdate, kDestroy };

/// "NEW", "UPDATE" or "DESTROY", as conntrack(8) has it.
std::string_view name_of(FlowEventKind kind);

/// Something happened to a flow. An update has what changed and what tells flows apart, not all of it; one
/// that was destroyed has no timeout.
struct FlowEvent {
    FlowEventKind kind = FlowEventKind::kNew;
    Flow flow;

    friend bool operator==(const FlowEvent&, const FlowEvent&) = default;
};

}  // namespace fairlead::kernel::conntrack
