#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/address.h"
#include "migrate/pods.h"
#include "services/frontend.h"

namespace fairlead::migrate {

/// Whose rules they are, and through which program the kernel got them.
enum class RulesKind : std::uint8_t { kNftables, kIptablesNft, kIptablesLegacy };

/// "nftables", "iptables-nft" or "iptables-legacy".
std::string_view name_of(RulesKind kind);

/// What kube-proxy does with the connections to one frontend.
struct Target {
    std::string service;                   ///< "shop/cart:http", or "shop/cart" where the port has no name
    std::set<services::Backend> backends;  ///< every one that some client gets; none: rejected or dropped

    friend bool operator==(const Target&, const Target&) = default;
};

/// A port at every address that kube-proxy takes for the node's.
struct NodePort {
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;

    friend auto operator<=>(const NodePort&, const NodePort&) = default;
};

/// kube-proxy's rules of one family, as the kernel has them.
struct KubeProxyRules {
    RulesKind kind = RulesKind::kNftables;
    base::Family family = base::Family::kIpv4;
    std::map<services::Frontend, Target> frontends;
    std::map<NodePort, Target> node_ports;
    /// Where node ports are served; `node_ports_everywhere`: at every address of the node.
    std::set<base::IpAddress> node_port_addresses;
    bool node_ports_everywhere = false;
    bool masquerades_all = false;  ///< masqueradeAll
    Pods pods;

    friend bool operator==(const KubeProxyRules&, const KubeProxyRules&) = default;
};

}  // namespace fairlead::migrate
