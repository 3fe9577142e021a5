#include "services/localhost_ports.h"

#include <algorithm>
#include <utility>

namespace fairlead::services {

namespace {

LocalhostPorts ports_of(const CatalogEntry& entry, const CompileOptions& options) {
    LocalhostPorts ports;
    if (options.localhost_addresses.empty() || !entry.service || !is_proxied(*entry.service)) return ports;
    const auto& service = *entry.service;
    for (const auto& port : service.ports) {
        if (port.node_port == 0 || port.protocol != base::L4Protocol::kTcp) continue;
        for (const auto& address : options.localhost_addresses) {
            auto choice = choose_endpoints(entry.slices, port, address.family(), options.node);
            const bool local = service.external_traffic_policy == kube::TrafficPolicy::kLocal;
            const bool elsewhere_only = local && choice.local.empty() && !choice.cluster.empty();
            ports.insert_or_assign(
                {address, port.node_port},
                LocalhostPort{service_port(entry.key, port), std::move(local ? choice.local : choice.cluster),
                              service.affinity_timeout_s.value_or(0),
                              elsewhere_only ? Denial::kPolicy : Denial::kNobody});
        }
    }
    return ports;
}

}  // namespace

void LocalhostPortWatch::update(const ServiceCatalog& catalog, std::span<const ServiceId> services,
                                const CompileOptions& options) {
    for (const auto id : services) {
        auto ports = ports_of(catalog.entry(id), options);
        const auto known = ports_.find(id);
        if (known == ports_.end() ? ports.empty() : ports == known->second) continue;
        changed_ = true;
        if (ports.empty())
            ports_.erase(known);
        else
            ports_.insert_or_assign(id, std::move(ports));
    }
}

std::optional<LocalhostPorts> LocalhostPortWatch::take_changed() {
    if (!std::exchange(changed_, false)) return std::nullopt;
    LocalhostPorts all;
    for (const auto& [id, ports] : ports_) {
        for (const auto& [address, port] : ports) {
            const auto [known, added] = all.try_emplace(address, port);
            if (!added && port.owner.service < known->second.owner.service) known->second = port;
        }
    }
    return all;
}

std::vector<Backend> LocalhostBalancer::order(base::TimePoint now, base::Random& random) {
    auto backends = port_.backends;
    std::ranges::shuffle(backends, random);
    if (!memory_ || now - memory_->last_used > std::chrono::seconds(port_.affinity_timeout_s))
        return backends;
    const auto known = std::ranges::find(backends, memory_->backend);
    if (known != backends.end()) std::rotate(backends.begin(), known, std::next(known));
    return backends;
}

void LocalhostBalancer::note_connected(const Backend& backend, base::TimePoint now) {
    if (port_.affinity_timeout_s > 0)
        memory_ = Memory{backend, now};
    else
        memory_.reset();
}

}  // namespace fairlead::services
