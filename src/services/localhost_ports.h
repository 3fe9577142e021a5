#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/socket_address.h"
#include "base/time.h"
#include "services/compile.h"
#include "services/connection_counts.h"
#include "services/service_catalog.h"
#include "services/service_port.h"

namespace fairlead::services {

/// A TCP NodePort at a loopback address (KEP-6032). The kernel cannot send from there to an endpoint
/// elsewhere, so that the agent itself carries these connections.
struct LocalhostPort {
    ServicePort owner;
    std::vector<Backend> backends;  ///< sorted, each once
    std::uint32_t affinity_timeout_s = 0;
    /// Why connections reach nobody while there are no backends.
    Denial denial = Denial::kNobody;

    friend bool operator==(const LocalhostPort&, const LocalhostPort&) = default;
};

/// By the address that is listened on.
using LocalhostPorts = std::map<base::SocketAddress, LocalhostPort>;

/// The localhost NodePorts of all Services, kept up to date Service by Service. Of two Services that claim
/// one port, that whose namespace/name sorts first has it.
class LocalhostPortWatch {
  public:
    /// Looks at these Services anew.
    void update(const ServiceCatalog& catalog, std::span<const ServiceId> services,
                const CompileOptions& options);

    /// All of them, if they are not what the last call gave.
    std::optional<LocalhostPorts> take_changed();

  private:
    std::map<ServiceId, LocalhostPorts> ports_;
    bool changed_ = false;
};

/// Chooses endpoints for the connections to one localhost NodePort. With affinity all clients count as one:
/// they have one address.
class LocalhostBalancer {
  public:
    explicit LocalhostBalancer(LocalhostPort port) : port_(std::move(port)) {}

    void update(LocalhostPort port) { port_ = std::move(port); }
    /// All endpoints in the order in which they are to be tried.
    std::vector<Backend> order(base::TimePoint now, base::Random& random);
    /// An endpoint took a connection.
    void note_connected(const Backend& backend, base::TimePoint now);

    [[nodiscard]] const LocalhostPort& port() const { return port_; }

  private:
    struct Memory {
        Backend backend;
        base::TimePoint last_used;
    };

    LocalhostPort port_;
    std::optional<Memory> memory_;
};

}  // namespace fairlead::services
