#include "services/health_checks.h"

#include <set>

namespace fairlead::services {

namespace {

bool has_check(const CatalogEntry& entry) {
    return entry.service && entry.service->type == kube::ServiceType::kLoadBalancer &&
           entry.service->external_traffic_policy == kube::TrafficPolicy::kLocal &&
           entry.service->health_check_node_port != 0 && entry.service->service_proxy_name->empty();
}

HealthCheck check_of(const CatalogEntry& entry, std::string_view node_name) {
    std::array<std::set<base::IpAddress>, 2> addresses;
    for (const auto& slice : entry.slices)
        for (const auto& endpoint : slice->endpoints)
            if (endpoint.ready && slice->node_name(endpoint) == node_name)
                addresses[slice->family == base::Family::kIpv4 ? 0 : 1].insert(endpoint.address);
    return {entry.key, entry.service->health_check_node_port, {addresses[0].size(), addresses[1].size()}};
}

}  // namespace

void HealthChecks::update(const ServiceCatalog& catalog, std::span<const ServiceId> services,
                          std::string_view node_name) {
    for (const auto id : services) {
        const auto& entry = catalog.entry(id);
        if (has_check(entry))
            checks_[id] = check_of(entry, node_name);
        else
            checks_.erase(id);
    }
}

}  // namespace fairlead::services
