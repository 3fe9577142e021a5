#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/guard_mode.h"
#include "base/time.h"

namespace fairlead::agent {

/// How large the kernel's connection tracking may grow and how long it remembers: kube-proxy's `conntrack`
/// block (KubeProxyConntrackConfiguration). Zero, or false, leaves the kernel's value as it is.
struct ConntrackSettings {
    std::uint32_t max_per_core = 0;  ///< entries per CPU of the node
    std::uint32_t min = 0;           ///< entries, whatever the number of CPUs
    base::Duration tcp_established_timeout{};
    base::Duration tcp_close_wait_timeout{};
    bool tcp_be_liberal = false;
    base::Duration udp_timeout{};
    base::Duration udp_stream_timeout{};
    std::optional<GuardMode> guard{};  ///< none: see guard_mode()

    /// kube-proxy drops nothing where tcpBeLiberal is true, and neither do we unless we are told to.
    [[nodiscard]] GuardMode guard_mode() const {
        return guard.value_or(tcp_be_liberal ? GuardMode::kLiberal : GuardMode::kEndpoints);
    }
    /// nf_conntrack_tcp_be_liberal shall be 1.
    [[nodiscard]] bool is_liberal() const { return tcp_be_liberal || guard == GuardMode::kLiberal; }

    friend bool operator==(const ConntrackSettings&, const ConntrackSettings&) = default;
};

/// A value that a file of /proc/sys or /sys shall have.
struct KernelValue {
    std::string file;
    std::uint64_t value = 0;
    bool at_least = false;  ///< a larger one stays

    friend bool operator==(const KernelValue&, const KernelValue&) = default;
};

/// What `settings` come to on a node of `cpus`, as kube-proxy has it (pkg/proxy/conntrack/sysctls.go): the
/// maximum is the larger of maxPerCore x CPUs, up to 1,048,576, and min; the hash table has at least a bucket
/// for four entries; both only grow. Unlike there, min counts in full above 1,048,576.
std::vector<KernelValue> kernel_values(const ConntrackSettings& settings, unsigned cpus);

/// Writes those values that differ. Timeouts are those of this network namespace; the maximum and the hash
/// table are the node's, and may be written from its initial network namespace only. A value that cannot be
/// written stays as it is: the file and the reason are logged as a warning, and are no error.
void apply_conntrack_settings(const ConntrackSettings& settings);

}  // namespace fairlead::agent
