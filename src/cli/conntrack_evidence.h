#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/socket_address.h"
#include "conntrack/findings.h"
#include "kernel/conntrack/cpu_stats.h"

namespace fairlead::cli {

struct ConntrackEvidence {
    conntrack::Evidence evidence;
    std::vector<std::string> unknown;  ///< what could not be looked at, and why; one sentence each
};

/// What this network namespace, the machine's log and the agent, if it answers, tell of connection tracking.
/// Counters and settings are looked at twice, `watched` apart. Of a table with more than kMostEntriesLookedAt
/// entries only so many are looked at, as good as drawn at random.
ConntrackEvidence gather_conntrack_evidence(const base::SocketAddress& agent, std::chrono::seconds watched);

inline constexpr std::uint64_t kMostEntriesLookedAt = 300'000;

/// What the agent's page /status says about the guard; nullopt if it says nothing.
std::optional<conntrack::GuardEvidence> guard_evidence(const std::string& status_page);

/// How much each counter grew from one reading of all CPUs to the next; they may have wrapped. Absent where a
/// CPU does not report it.
conntrack::CounterEvidence growth_between(const std::vector<kernel::conntrack::CpuStats>& before,
                                          const std::vector<kernel::conntrack::CpuStats>& after);
/// "6.18.44-fc": 6.18; nullopt if it does not begin so.
std::optional<conntrack::KernelVersion> parse_kernel_version(std::string_view release);

}  // namespace fairlead::cli
