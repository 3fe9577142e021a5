#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::kernel::conntrack {

/// What one CPU counted in this network namespace since it was made (CTA_STATS_*,
/// linux/netfilter/nfnetlink_conntrack.h). The kernel's counters have 32 bits and wrap; one that this kernel
/// does not report is absent.
struct CpuStats {
    std::uint16_t cpu = 0;
    /// A tuple that was wanted, for NAT say, was already taken.
    std::optional<std::uint32_t> found;
    /// Packets that could not be tracked.
    std::optional<std::uint32_t> invalid;
    /// Entries that user space inserted.
    std::optional<std::uint32_t> insert;
    /// An equal flow was inserted first, and the packet was dropped.
    std::optional<std::uint32_t> insert_failed;
    /// Packets dropped because no entry could be made for them.
    std::optional<std::uint32_t> drop;
    /// Entries evicted from a full table.
    std::optional<std::uint32_t> early_drop;
    /// ICMP errors, also sound ones, and packets that failed a check of their protocol.
    std::optional<std::uint32_t> error;
    /// Lookups begun anew because the table changed under them.
    std::optional<std::uint32_t> search_restart;
    /// An equal flow was inserted first, and the packet went on with that one.
    std::optional<std::uint32_t> clash_resolve;
    /// Entries refused because their hash chain was too long.
    std::optional<std::uint32_t> chain_too_long;

    friend bool operator==(const CpuStats&, const CpuStats&) = default;
};

/// A counter with the name that `conntrack -S` gives it.
struct CpuCounter {
    std::string_view name;
    std::optional<std::uint32_t> CpuStats::* value;
};

inline constexpr std::array<CpuCounter, 10> kCpuCounters = {{
    {"found", &CpuStats::found},
    {"invalid", &CpuStats::invalid},
    {"insert", &CpuStats::insert},
    {"insert_failed", &CpuStats::insert_failed},
    {"drop", &CpuStats::drop},
    {"early_drop", &CpuStats::early_drop},
    {"error", &CpuStats::error},
    {"search_restart", &CpuStats::search_restart},
    {"clash_resolve", &CpuStats::clash_resolve},
    {"chaintoolong", &CpuStats::chain_too_long},
}};

}  // namespace fairlead::kernel::conntrack
