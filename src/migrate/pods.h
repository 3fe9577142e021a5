#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/nftables/objects.h"

namespace fairlead::migrate {

/// How clients of ClusterIPs that keep their address are told (detectLocalMode), as people write it: CIDRs
/// "10.64.0.0/11", interfaces "cni0" and "veth*". Empty: in no way, and nobody's address is hidden.
using Pods = std::set<std::string>;

/// From fairlead's sets of kept sources and kept interfaces.
Pods pods_of(std::span<const kernel::nftables::Element> sources,
             std::span<const kernel::nftables::Element> interfaces, base::Family family);

/// From the rule in which kube-proxy, in nftables mode, tests who is no pod: `ip saddr != 10.64.0.0/11`,
/// `iifname != "veth*"`.
Pods pods_of(const kernel::nftables::Rule& rule, base::Family family);

}  // namespace fairlead::migrate
