#pragma once

#include <compare>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/boxed.h"

namespace fairlead::services {

/// What a packet can be addressed to: an address, a protocol and a port at which a Service is reached.
struct Frontend {
    base::IpAddress address;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;

    friend auto operator<=>(const Frontend&, const Frontend&) = default;
    friend bool operator==(const Frontend&, const Frontend&) = default;
    template <class H>
    friend H AbslHashValue(H state, const Frontend& frontend) {
        return H::combine(std::move(state), frontend.address, frontend.protocol, frontend.port);
    }
};

/// Which of a Service's addresses a frontend is. Where two Services claim one frontend, the lower kind has
/// it: an ExternalIP, which any user may write down, never takes the ClusterIP of another (CVE-2020-8554).
enum class FrontendKind : std::uint8_t { kClusterIp, kNodePort, kLoadBalancer, kExternalIp };

/// "ClusterIP", "NodePort", "LoadBalancer", "ExternalIP".
std::string_view name_of(FrontendKind kind);

/// Where a connection to a frontend can end up.
struct Backend {
    base::IpAddress address;
    std::uint16_t port = 0;

    friend auto operator<=>(const Backend&, const Backend&) = default;
    friend bool operator==(const Backend&, const Backend&) = default;
    template <class H>
    friend H AbslHashValue(H state, const Backend& backend) {
        return H::combine(std::move(state), backend.address, backend.port);
    }
};

/// Where an endpoint sends from when it answers.
struct ServiceEndpoint {
    base::IpAddress address;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;

    friend auto operator<=>(const ServiceEndpoint&, const ServiceEndpoint&) = default;
    friend bool operator==(const ServiceEndpoint&, const ServiceEndpoint&) = default;
    template <class H>
    friend H AbslHashValue(H state, const ServiceEndpoint& endpoint) {
        return H::combine(std::move(state), endpoint.address, endpoint.protocol, endpoint.port);
    }
};

/// Who opens a connection, where a frontend treats them differently (externalTrafficPolicy Local).
enum class Origin : std::uint8_t {
    kCluster,  ///< pods, as far as they are recognized, and the node itself
    kOutside,  ///< everybody else
};
inline constexpr Origin kOrigins[] = {Origin::kCluster, Origin::kOutside};

/// What becomes of new connections to a frontend without backends.
enum class Unserved : std::uint8_t {
    kRejected,  ///< answered at once: nobody is there
    kDropped,  ///< not answered: there are endpoints, but a policy keeps this node from using them (KEP-2086)
};

/// What stands behind a frontend.
struct Backing {
    std::vector<Backend> backends;
    /// externalTrafficPolicy Local: what connections from outside get instead; may be empty.
    base::Boxed<std::vector<Backend>> outside_backends;
    Unserved unserved = Unserved::kRejected;  ///< kDropped only where there are no backends
    std::uint32_t affinity_timeout_s = 0;     ///< sessionAffinity ClientIP; 0: none
    bool consistent = false;                  ///< the client's address decides, the same way on every node
    bool resets = false;  ///< TCP packets of connections that conntrack does not know are reset
    /// The client's address is hidden whoever it is (externalTrafficPolicy Cluster). False for ClusterIPs,
    /// where it depends on the client.
    bool masqueraded = false;
    std::vector<base::Prefix> allowed_sources;  ///< loadBalancerSourceRanges, sorted; empty: everybody

    friend bool operator==(const Backing&, const Backing&) = default;

    [[nodiscard]] std::size_t endpoint_count() const {
        return backends.size() + (outside_backends ? outside_backends->size() : 0);
    }

    /// The backends that connections of that origin get; null where the frontend makes no difference.
    [[nodiscard]] const std::vector<Backend>* backends_for(Origin origin) const {
        if (origin == Origin::kCluster) return &backends;
        return outside_backends ? &*outside_backends : nullptr;
    }
    [[nodiscard]] std::vector<Backend>* backends_for(Origin origin) {
        return const_cast<std::vector<Backend>*>(std::as_const(*this).backends_for(origin));
    }
};

/// One frontend of a Service with the endpoints that take its connections.
struct BackedFrontend {
    Frontend frontend;
    Backing backing;  ///< backends sorted, each once
    FrontendKind kind = FrontendKind::kClusterIp;

    friend bool operator==(const BackedFrontend&, const BackedFrontend&) = default;
};

/// What one Service wants of one family's table.
struct CompiledService {
    std::vector<BackedFrontend> frontends;        ///< sorted by frontend, each once
    std::vector<base::IpAddress> cluster_ips;     ///< of this family
    std::vector<base::IpAddress> local_backends;  ///< endpoint addresses on this node, sorted, each once
    /// Endpoints in its slices that new connections to its ClusterIPs do not get, sorted, each once: they may
    /// still have connections.
    std::vector<ServiceEndpoint> idle_endpoints;
    std::vector<base::IpAddress> refused;  ///< addresses that may not be used, sorted, each once

    friend bool operator==(const CompiledService&, const CompiledService&) = default;
};

}  // namespace fairlead::services
