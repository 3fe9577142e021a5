#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/nftables/objects.h"
#include "services/compile.h"
#include "services/invalid_guard.h"
#include "services/kernel_features.h"

namespace fairlead::services {

/// How connections of pods are told from others. In a family where all of it is empty, nobody is taken for a
/// pod, and clients of ClusterIPs keep their address but for hairpins.
struct PodSources {
    std::vector<base::Prefix> cidrs;
    std::vector<std::string> interfaces;          ///< names of bridges
    std::vector<std::string> interface_prefixes;  ///< what the names of pods' interfaces begin with

    friend bool operator==(const PodSources&, const PodSources&) = default;
};

/// What the data plane is told about its cluster.
struct Options {
    CompileOptions compile;
    PodSources pods;
    /// Hides the address of every client of a ClusterIP.
    bool masquerade_all = false;
    std::vector<base::Prefix> service_cidrs;
    /// New connections are counted for each frontend and endpoint, see connection_counts.h.
    bool count_connections = false;
    InvalidGuard guard = InvalidGuard::kEndpoints;
    /// Larger changes go in several transactions. The default is about 2 MB of netlink and 20 ms in the
    /// kernel; what a larger one would save is under 2 %.
    std::size_t transaction_elements = 16'384;

    friend bool operator==(const Options&, const Options&) = default;
};

/// What of `options` a kernel with these features can do.
Options within(Options options, const KernelFeatures& features);

/// Elements of the sets that follow the options, by set, sorted.
std::map<std::string_view, std::vector<kernel::nftables::Element>> configured_elements(const Options& options,
                                                                                       base::Family family);

}  // namespace fairlead::services
