#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "base/address.h"
#include "services/service_catalog.h"

namespace fairlead::services {

/// What a load balancer asks this node about a Service (spec.healthCheckNodePort, KEP-1669).
struct HealthCheck {
    kube::ObjectKey service;
    std::uint16_t port = 0;
    /// Ready endpoints on this node, each address once, by family (0: IPv4, 1: IPv6).
    std::array<std::size_t, 2> local_endpoints{};

    [[nodiscard]] std::size_t local_endpoints_of(base::Family family) const {
        return local_endpoints[family == base::Family::kIpv4 ? 0 : 1];
    }
    friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

/// The health checks of all Services of type LoadBalancer with externalTrafficPolicy Local, kept up to date
/// Service by Service.
class HealthChecks {
  public:
    /// Looks at these Services anew.
    void update(const ServiceCatalog& catalog, std::span<const ServiceId> services,
                std::string_view node_name);

    [[nodiscard]] const std::map<ServiceId, HealthCheck>& all() const { return checks_; }

  private:
    std::map<ServiceId, HealthCheck> checks_;
};

}  // namespace fairlead::services
