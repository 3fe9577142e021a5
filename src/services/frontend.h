#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "base/address.h"

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

/// Where a connection to a frontend can end up.
struct Backend {
    base::IpAddress address;
    std::uint16_t port = 0;

    friend auto operator<=>(const Backend&, const Backend&) = default;
    friend bool operator==(const Backend&, const Backend&) = default;
};

/// What becomes of new connections to a frontend without backends.
enum class Unserved : std::uint8_t {
    kRejected,  ///< answered at once: nobody is there
    kDropped,  ///< not answered: there are endpoints, but a policy keeps this node from using them (KEP-2086)
};

/// What stands behind a frontend. Options of later features (affinity and the like) belong here.
struct Backing {
    std::vector<Backend> backends;
    Unserved unserved = Unserved::kRejected;  ///< kDropped only where there are no backends

    friend bool operator==(const Backing&, const Backing&) = default;
};

/// One frontend of a Service with the endpoints that take its connections.
struct BackedFrontend {
    Frontend frontend;
    Backing backing;  ///< backends sorted, each once

    friend bool operator==(const BackedFrontend&, const BackedFrontend&) = default;
};

/// What one Service wants of one family's table.
struct CompiledService {
    std::vector<BackedFrontend> frontends;        ///< sorted by frontend, each once
    std::vector<base::IpAddress> cluster_ips;     ///< of this family
    std::vector<base::IpAddress> local_backends;  ///< endpoint addresses on this node, sorted, each once
    std::vector<base::IpAddress> refused;         ///< addresses that may not be used, sorted, each once

    friend bool operator==(const CompiledService&, const CompiledService&) = default;
};

}  // namespace fairlead::services
