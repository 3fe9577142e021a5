#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kube/objects.h"
#include "services/frontend.h"

namespace fairlead::services {

using Slices = std::span<const std::shared_ptr<const kube::EndpointSlice>>;

/// Where this node is.
struct NodePlace {
    std::string name;
    std::string zone;  ///< label topology.kubernetes.io/zone; empty: unknown

    friend bool operator==(const NodePlace&, const NodePlace&) = default;
};

/// The endpoints of one Service port that take new connections, as one node sees them; both sorted, each
/// once.
struct EndpointChoice {
    /// Traffic policy Cluster: those that are ready; of these, where every one has a hint and one of them
    /// means this node, or else this zone, those that do (KEP-2433, KEP-4444). Where none is ready, those
    /// that still serve while they terminate (KEP-1669).
    std::vector<Backend> cluster;
    /// Traffic policy Local: those on this node that are ready, or else that serve while they terminate.
    std::vector<Backend> local;
};

/// `port` is matched by name and protocol; endpoints that are not routable (see is_routable) are left out.
EndpointChoice choose_endpoints(Slices slices, const kube::ServicePort& port, base::Family family,
                                const NodePlace& node);

/// False for addresses that would turn traffic back into the node or to everybody: loopback, link-local,
/// multicast, broadcast, unspecified (core/v1 EndpointAddress.ip).
bool is_routable(const base::IpAddress& address);

}  // namespace fairlead::services
