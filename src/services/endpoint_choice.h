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

/// The endpoints of one Service port that take new connections, as one node sees them; each list sorted, each
/// endpoint once.
struct EndpointChoice {
    /// Traffic policy Cluster: those that are ready; of these, where every one has a hint and one of them
    /// means this node, or else this zone, those that do (KEP-2433, KEP-4444). Where none is ready, those
    /// that still serve while they terminate (KEP-1669).
    std::vector<Backend> cluster;
    /// Traffic policy Local: those on this node that are ready, or else that serve while they terminate.
    std::vector<Backend> local;
    /// Every one, in whatever condition and wherever.
    std::vector<Backend> all;
};

/// `port` is matched by name and protocol; endpoints that are not routable (see is_routable) are left out.
EndpointChoice choose_endpoints(Slices slices, const kube::ServicePort& port, base::Family family,
                                const NodePlace& node);

/// Why a Service port's endpoint takes new connections of this node, or why it does not.
enum class EndpointUse : std::uint8_t {
    kReady,       ///< it does: it is ready
    kLastResort,  ///< it does: none is ready, and it still serves while it terminates
    kNotReady,
    kTerminated,  ///< terminates, and serves no more
    kNotNeeded,   ///< still serves while it terminates, but others are ready
    kOtherNode,   ///< traffic policy Local, and it is not on this node, or does not say where it is
    kHintOfOtherNode,
    kHintOfOtherZone,
    kOtherFamily,
    kNoSuchPort,  ///< its slice has no port of that name and protocol
    kNotRoutable,
};
constexpr bool is_used(EndpointUse use) {
    return use == EndpointUse::kReady || use == EndpointUse::kLastResort;
}

/// An endpoint of a Service with what choose_endpoints() makes of it for one port.
struct JudgedEndpoint {
    std::shared_ptr<const kube::EndpointSlice> slice;
    std::size_t index = 0;   ///< of the endpoint in its slice
    std::uint16_t port = 0;  ///< 0: the slice has no such port
    EndpointUse cluster{};   ///< under traffic policy Cluster
    EndpointUse local{};     ///< under traffic policy Local

    [[nodiscard]] const kube::Endpoint& endpoint() const { return slice->endpoints[index]; }
    [[nodiscard]] Backend backend() const { return {endpoint().address, port}; }
};

/// All endpoints of the slices, in their order, with the reasons of choose_endpoints().
std::vector<JudgedEndpoint> judge_endpoints(Slices slices, const kube::ServicePort& port, base::Family family,
                                            const NodePlace& node);

/// False for addresses that would turn traffic back into the node or to everybody: loopback, link-local,
/// multicast, broadcast, unspecified (core/v1 EndpointAddress.ip).
bool is_routable(const base::IpAddress& address);

}  // namespace fairlead::services
