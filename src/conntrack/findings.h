#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conntrack/kernel_log.h"

namespace fairlead::conntrack {

enum class Severity : std::uint8_t {
    kInfo,     ///< good to know
    kWarning,  ///< will hurt, or has hurt
    kError,    ///< hurts now
};

/// "info", "warning" or "error".
std::string_view name_of(Severity severity);

/// Something that is wrong with connection tracking on a node.
struct Finding {
    std::string_view name;  ///< stable: "table-nearly-full"
    Severity severity = Severity::kInfo;
    std::string seen;      ///< what was seen, with its numbers
    std::string_view why;  ///< why it matters, in one sentence
    std::string cure;      ///< the setting or command that helps
};

/// Counters of the kernel, over all CPUs; see kernel::conntrack::CpuStats.
struct CounterEvidence {
    std::optional<std::uint64_t> insert_failed;
    std::optional<std::uint64_t> drop;
    std::optional<std::uint64_t> early_drop;
    std::optional<std::uint64_t> clash_resolve;
    std::optional<std::uint64_t> chain_too_long;
};

/// Timeouts of entries (nf_conntrack_tcp_timeout_established and so on).
struct TimeoutEvidence {
    std::optional<std::chrono::seconds> tcp_established;
    std::optional<std::chrono::seconds> tcp_close_wait;
    std::optional<std::chrono::seconds> udp;
    std::optional<std::chrono::seconds> udp_stream;
    /// After so long an idle TCP connection sends its first keepalive (net.ipv4.tcp_keepalive_time).
    std::optional<std::chrono::seconds> tcp_keepalive;
};

/// Entries to Services that lead to none of their live endpoints.
struct NowhereEvidence {
    struct Service {
        std::string name;  ///< "shop/cart"
        std::uint64_t entries = 0;

        friend bool operator==(const Service&, const Service&) = default;
    };
    std::uint64_t entries = 0;
    std::uint64_t over_udp = 0;  ///< of these
    std::vector<Service> worst;  ///< those with the most, the first ones only
};

/// What was counted in the table, or in a part of it.
struct EntryEvidence {
    std::uint64_t looked_at = 0;
    std::uint64_t unreplied = 0;             ///< nothing has come back yet
    std::optional<NowhereEvidence> nowhere;  ///< nullopt if the Services are not known
};

/// What the agent's guard does about packets in state INVALID.
struct GuardEvidence {
    std::string mode;                             ///< conntrack.guard: "endpoints", "all", "liberal", "off"
    std::optional<std::uint64_t> from_endpoints;  ///< such packets from endpoints of Services
};

struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;

    friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

/// A value that is not what the agent wrote.
struct RewrittenValue {
    std::string name;  ///< "nf_conntrack_max"
    std::uint64_t wanted = 0;
    std::uint64_t found = 0;
};

/// What is known about connection tracking in one network namespace. What is absent is not known, and gives
/// no finding.
struct Evidence {
    std::optional<std::uint64_t> entries;
    std::optional<std::uint64_t> max;      ///< nf_conntrack_max; 0: no limit
    std::optional<std::uint64_t> buckets;  ///< nf_conntrack_buckets
    CounterEvidence total;                 ///< since the namespace was made
    CounterEvidence grown;                 ///< while it was watched
    std::chrono::seconds watched{};
    TimeoutEvidence timeouts;
    std::optional<bool> accounting;  ///< nf_conntrack_acct
    std::optional<bool> liberal;     ///< nf_conntrack_tcp_be_liberal
    std::optional<GuardEvidence> guard;
    std::optional<EntryEvidence> in_table;
    std::optional<KernelLogSummary> kernel_log;
    std::optional<std::chrono::seconds> uptime;  ///< of the machine; what times in the log are counted from
    std::optional<KernelVersion> kernel;
    std::vector<RewrittenValue> rewritten;
    bool kube_proxy_runs = false;  ///< as far as is known
};

/// All that is wrong as far as the evidence goes, the worst first.
std::vector<Finding> find_problems(const Evidence& evidence);

}  // namespace fairlead::conntrack
