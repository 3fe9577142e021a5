#pragma once

#include <cstdint>

#include "kernel/conntrack/flow.h"

namespace fairlead::conntrack {

/// How many flows of a kind there are, and how many of them stand out. The kernel's table holds fewer than
/// 2^32.
struct FlowCount {
    std::uint32_t flows = 0;
    std::uint32_t unreplied = 0;      ///< nobody has answered yet
    std::uint32_t assured = 0;        ///< not the first to go when the table is full
    std::uint32_t leads_nowhere = 0;  ///< to a Service, and to none of its live endpoints

    FlowCount& operator+=(const FlowCount& other) {
        flows += other.flows;
        unreplied += other.unreplied;
        assured += other.assured;
        leads_nowhere += other.leads_nowhere;
        return *this;
    }
    friend bool operator==(const FlowCount&, const FlowCount&) = default;
};

/// One flow.
inline FlowCount count_of(const kernel::conntrack::Flow& flow, bool leads_nowhere) {
    namespace status = kernel::conntrack::status;
    return {1, (flow.status & status::kSeenReply) == 0 ? 1U : 0U,
            (flow.status & status::kAssured) != 0 ? 1U : 0U, leads_nowhere ? 1U : 0U};
}

}  // namespace fairlead::conntrack
