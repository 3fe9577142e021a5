#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace fairlead::services {

/// At which addresses of the node NodePorts are served: kube-proxy's nodePortAddresses, CIDRs and the
/// keywords `primary`, `localhost` and `all` in any mixture (KEP-6032).
struct NodePortAddresses {
    std::vector<base::Prefix> cidrs;
    bool primary = false;
    bool localhost = false;  ///< 127.0.0.1 and ::1
    bool all = false;        ///< every address but those of the loopback device

    friend bool operator==(const NodePortAddresses&, const NodePortAddresses&) = default;

    /// Refuses what is neither CIDR nor keyword.
    static base::Result<NodePortAddresses> parse(std::span<const std::string> texts);
    [[nodiscard]] std::vector<std::string> to_texts() const;
    /// Loopback addresses that are asked for by name: `localhost`, or a CIDR of nothing but such addresses.
    [[nodiscard]] std::vector<base::IpAddress> localhost_addresses() const;
    /// Takes them out again. Where nothing else is asked for, NodePorts are then served nowhere.
    void drop_localhost();
    [[nodiscard]] bool empty() const { return cidrs.empty() && !primary && !localhost && !all; }
};

/// Those of the node's `local` addresses at which NodePorts are served, sorted, each once. `primary` are the
/// addresses by which the cluster knows the node; with none of a family, its first local address counts.
/// Nothing chosen means primary, as in kube-proxy's nftables mode. Loopback and link-local addresses are left
/// out: the kernel cannot send from there to an endpoint elsewhere.
std::vector<base::IpAddress> node_port_addresses(const NodePortAddresses& wanted,
                                                 std::span<const base::IpAddress> local,
                                                 std::span<const base::IpAddress> primary);

}  // namespace fairlead::services
