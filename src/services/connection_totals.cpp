#include "services/connection_totals.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/connection_counts.h"
#include "services/elements.h"

namespace fairlead::services {

namespace {

// What this many readings in a row did not have is gone: a dump can miss an element that is there.
constexpr std::uint32_t kMissedReadings = 3;
constexpr std::uint32_t kAbsentReadings = 2;

/// Everybody who takes connections of the frontend.
absl::flat_hash_set<Backend> backends_of(const ProgrammedTable& programmed, const Frontend& frontend) {
    absl::flat_hash_set<Backend> all;
    const auto known = programmed.frontends.find(frontend);
    if (known == programmed.frontends.end()) return all;
    for (const auto origin : kOrigins)
        if (const auto* backends = known->second.backends_for(origin))
            all.insert(backends->begin(), backends->end());
    return all;
}

std::size_t endpoint_count(const ProgrammedTable& programmed, const Frontend& frontend) {
    const auto known = programmed.frontends.find(frontend);
    if (known == programmed.frontends.end()) return 0;
    const auto& backing = known->second;
    return backing.backends.size() + (backing.outside_backends ? backing.outside_backends->size() : 0);
}

}  // namespace

std::optional<ServicePort> owner_of(const ServiceProxy& proxy, const Frontend& frontend) {
    const auto& family = proxy.proxy(frontend.address.family());
    const auto id = family.wanted().owner(frontend);
    if (!id) return std::nullopt;
    const auto& entry = proxy.catalog().entry(*id);
    if (!entry.service) return std::nullopt;
    const kube::ServicePort* by_number = nullptr;
    const kube::ServicePort* by_node_port = nullptr;
    for (const auto& port : entry.service->ports) {
        if (port.protocol != frontend.protocol) continue;
        if (port.port == frontend.port) by_number = &port;
        if (port.node_port == frontend.port) by_node_port = &port;
    }
    // One number may be the port of one and the NodePort of another.
    const auto& node = family.options().compile.node_port_addresses;
    const bool at_node = std::ranges::find(node, frontend.address) != node.end();
    const auto* port =
        (at_node && by_node_port != nullptr) || by_number == nullptr ? by_node_port : by_number;
    if (port == nullptr) return std::nullopt;
    return service_port(entry.key, *port);
}

ConnectionNumbers& ConnectionNumbers::operator+=(const ConnectionNumbers& other) {
    served += other.served;
    for (std::size_t i = 0; i < denied.size(); ++i)
        denied.at(i) += other.denied.at(i);
    return *this;
}

void ConnectionTotals::begin_reading(base::Family family) {
    ++of(family).reading;
    of(family).pairs = 0;
}

void ConnectionTotals::note(const Frontend& frontend, const Backend& backend, std::uint64_t count) {
    auto& counts = of(frontend.address.family());
    auto& found = counts.frontends[frontend];
    auto& known = found.backends[backend];
    // An element that was removed and came back begins anew.
    const auto fresh = count >= known.connections ? count - known.connections : count;
    const auto denial = denial_of(backend);
    (denial ? found.fresh.denied.at(static_cast<std::size_t>(*denial)) : found.fresh.served) += fresh;
    known = {count, counts.reading};
    if (std::exchange(found.reading, counts.reading) != counts.reading) found.noted = 0;
    ++found.noted;
    ++counts.pairs;
}

std::map<ServicePort, ConnectionNumbers> ConnectionTotals::finish_reading(base::Family family,
                                                                          const ProgrammedTable& programmed,
                                                                          const Owner& owner) {
    auto& counts = of(family);
    std::map<ServicePort, ConnectionNumbers> news;
    for (auto& [frontend, found] : counts.frontends) {
        // Not all counts are looked at: there may be very many.
        if (found.reading != counts.reading || found.noted < found.backends.size())
            absl::erase_if(found.backends, [&](const auto& entry) {
                return counts.reading - entry.second.reading >= kMissedReadings;
            });
        found.absent_readings = programmed.frontends.contains(frontend) ? 0 : found.absent_readings + 1;
        const auto fresh = std::exchange(found.fresh, {});
        if (fresh == ConnectionNumbers{}) continue;
        if (const auto service_port = owner(frontend)) news[*service_port] += fresh;
    }
    absl::erase_if(counts.frontends, [](const auto& entry) { return entry.second.backends.empty(); });
    for (const auto& [service_port, fresh] : news)
        totals_[service_port] += fresh;
    return news;
}

std::map<ServicePort, ConnectionNumbers> ConnectionTotals::add_carried(const CarriedConnections& carried) {
    std::map<ServicePort, ConnectionNumbers> news;
    for (const auto& [port, numbers] : carried) {
        auto& fresh = news[port];
        fresh.denied = numbers.denied;
        for (const auto& [backend, connections] : numbers.served) {
            fresh.served += connections;
            carried_[port.service][backend] += connections;
        }
        totals_[port] += fresh;
    }
    return news;
}

void ConnectionTotals::keep_carried(const LocalhostPorts& ports) {
    std::map<kube::ObjectKey, std::set<Backend>> there;
    for (const auto& [address, port] : ports)
        there[port.owner.service].insert(port.backends.begin(), port.backends.end());
    for (auto& [service, counts] : carried_) {
        const auto& backends = there[service];
        std::erase_if(counts, [&](const auto& count) { return !backends.contains(count.first); });
    }
    std::erase_if(carried_, [](const auto& entry) { return entry.second.empty(); });
}

std::vector<kernel::nftables::Element> ConnectionTotals::forgettable(base::Family family,
                                                                     const ProgrammedTable& programmed,
                                                                     std::size_t limit) const {
    const auto& counts = of(family);
    const bool crowded = counts.pairs > kLargestConnections / 2;
    std::vector<kernel::nftables::Element> elements;
    for (const auto& [frontend, found] : counts.frontends) {
        const bool absent = found.absent_readings >= kAbsentReadings;
        if (!absent && (!crowded || found.backends.size() <= endpoint_count(programmed, frontend))) continue;
        const auto serving = backends_of(programmed, frontend);
        for (const auto& [backend, count] : found.backends) {
            if (elements.size() == limit) return elements;
            // What the last reading missed is perhaps not there any more.
            if (count.reading == counts.reading && !serving.contains(backend))
                elements.push_back(alive_element(frontend, backend));
        }
    }
    return elements;
}

void ConnectionTotals::forget(base::Family family, const std::vector<kernel::nftables::Element>& elements) {
    auto& frontends = of(family).frontends;
    for (const auto& element : elements) {
        const auto pair = alive_endpoint_of(element.key, family);
        if (!pair) continue;
        const auto known = frontends.find(pair->first);
        if (known != frontends.end()) known->second.backends.erase(pair->second);
    }
}

void ConnectionTotals::drop_unless(const std::function<bool(const kube::ObjectKey&)>& there) {
    std::erase_if(totals_, [&](const auto& entry) { return !there(entry.first.service); });
    std::erase_if(carried_, [&](const auto& entry) { return !there(entry.first); });
}

void ConnectionTotals::for_each_endpoint(
    const Owner& owner,
    const std::function<void(const kube::ObjectKey&, const Backend&, std::uint64_t)>& visit) const {
    for (const auto& family : families_) {
        for (const auto& [frontend, found] : family.frontends) {
            const auto port = owner(frontend);
            if (!port) continue;
            for (const auto& [backend, count] : found.backends)
                if (!denial_of(backend)) visit(port->service, backend, count.connections);
        }
    }
    for (const auto& [service, backends] : carried_)
        for (const auto& [backend, connections] : backends)
            visit(service, backend, connections);
}

}  // namespace fairlead::services
