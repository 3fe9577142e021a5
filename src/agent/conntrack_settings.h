#pragma once

#include <cstdint>
#include <optional>

#include "agent/guard_mode.h"
#include "base/time.h"
#include "conntrack/sizing.h"

namespace fairlead::agent {

/// How large the kernel's connection tracking may grow and how long it remembers: kube-proxy's `conntrack`
/// block (KubeProxyConntrackConfiguration), and whether sizes are automatic. Zero, or false, says nothing:
/// the kernel's value stays.
struct ConntrackSettings {
    std::uint32_t max_per_core = 0;  ///< entries per CPU of the node
    std::uint32_t min = 0;           ///< entries, whatever the number of CPUs
    /// None: kube-proxy's default in place of the kernel's, unless sizes are fixed.
    std::optional<base::Duration> tcp_established_timeout{};
    std::optional<base::Duration> tcp_close_wait_timeout{};
    bool tcp_be_liberal = false;
    base::Duration udp_timeout{};
    base::Duration udp_stream_timeout{};
    conntrack::Sizing sizing = conntrack::Sizing::kAutomatic;  ///< kube-proxy's is kFixed
    std::optional<GuardMode> guard{};                          ///< none: see guard_mode()

    /// kube-proxy drops nothing where tcpBeLiberal is true, and neither do we unless we are told to.
    [[nodiscard]] GuardMode guard_mode() const {
        return guard.value_or(tcp_be_liberal ? GuardMode::kLiberal : GuardMode::kEndpoints);
    }
    /// nf_conntrack_tcp_be_liberal shall be 1.
    [[nodiscard]] bool is_liberal() const { return tcp_be_liberal || guard == GuardMode::kLiberal; }

    friend bool operator==(const ConntrackSettings&, const ConntrackSettings&) = default;
};

/// The same for a plan.
conntrack::SizingSettings sizing_settings(const ConntrackSettings& settings);

}  // namespace fairlead::agent
