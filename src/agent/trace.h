#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/nft_tables.h"
#include "kube/objects.h"
#include "services/service_proxy.h"

namespace fairlead::agent {

/// What a trace is made from.
struct TraceGround {
    const services::ServiceProxy& proxy;
    kernel::nftables::NftTables& tables;
    std::vector<base::IpAddress> local_addresses;  ///< of this node
    /// Which of these the node's own connections to a destination come from. An error says why there are
    /// none.
    std::function<base::Result<base::IpAddress>(const services::Frontend&)> node_source;
    /// The addresses of a Pod. An error says why they are not known.
    std::function<base::Result<std::vector<base::IpAddress>>(const kube::ObjectKey&)> pod_addresses;
};

/// The page /trace: where a connection goes, with the way there. Parameters:
/// - source: an address, "node", or "pod/NAME"
/// - destination: an address, or the name of a Service, whose ClusterIP is meant
/// - port: a number, or the name of one of the Service's ports
/// - protocol: tcp, udp or sctp; else that of the Service's port, else tcp
/// - namespace: of the Pod, and of the Service unless it is "SERVICE.NAMESPACE"; else "default"
/// - interface: by which the packet comes in
/// Refuses what it cannot find, and says what there is.
base::Result<std::string> trace_json(const TraceGround& ground, std::string_view query);

}  // namespace fairlead::agent
