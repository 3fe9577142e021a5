#include "services/udp_addresses.h"

#include <algorithm>

#include "services/compile.h"

namespace fairlead::services {

namespace {

using base::L4Protocol;

bool has_udp(const kube::Service& service) {
    return std::ranges::any_of(service.ports,
                               [](const auto& port) { return port.protocol == L4Protocol::kUdp; });
}

bool has_udp(const kube::EndpointSlice& slice) {
    return std::ranges::any_of(slice.ports,
                               [](const auto& port) { return port.protocol == L4Protocol::kUdp; });
}

bool serves(const kube::Endpoint& endpoint) {
    return endpoint.ready || endpoint.serving;
}

std::set<base::IpAddress> serving_addresses(const kube::EndpointSlice* slice) {
    std::set<base::IpAddress> addresses;
    if (slice == nullptr || !has_udp(*slice)) return addresses;
    for (const auto& endpoint : slice->endpoints)
        if (serves(endpoint)) addresses.insert(endpoint.address);
    return addresses;
}

/// Endpoints that serve a UDP frontend of the Service that has it.
std::vector<Backend> may_answer(const CatalogEntry& owner, const Frontend& frontend) {
    std::vector<Backend> backends;
    for (const auto& port : owner.service->ports) {
        if (port.protocol != L4Protocol::kUdp ||
            (port.port != frontend.port && port.node_port != frontend.port))
            continue;
        for (const auto& slice : owner.slices)
            for (const auto& slice_port : slice->ports)
                if (slice_port.name == port.name && slice_port.protocol == L4Protocol::kUdp)
                    for (const auto& endpoint : slice->endpoints)
                        if (serves(endpoint)) backends.push_back({endpoint.address, slice_port.port});
    }
    return backends;
}

void add_frontends(const kube::Service& service, const FamilyProxy& proxy, std::set<Frontend>& frontends) {
    const auto family = proxy.family();
    for (const auto& backed : compile(service, {}, family, proxy.options().compile).frontends)
        if (backed.frontend.protocol == L4Protocol::kUdp) frontends.insert(backed.frontend);
}

}  // namespace

void UdpWatch::note(const kube::ChangeSet& changes) {
    for (const auto& change : changes.services)
        note_service(change);
    for (const auto& change : changes.slices)
        note_slice(change);
}

void UdpWatch::note_service(const kube::Change<kube::Service>& change) {
    if (change.before && has_udp(*change.before)) gone_.push_back(change.before);
    if (change.after && has_udp(*change.after)) services_.insert(change.key());
}

void UdpWatch::note_slice(const kube::Change<kube::EndpointSlice>& change) {
    const auto before = serving_addresses(change.before.get());
    const auto after = serving_addresses(change.after.get());
    const bool lost = !std::ranges::includes(after, before);
    const bool first = before.empty() && !after.empty();
    if (!lost && !first) return;
    for (const auto& slice : {change.before, change.after})
        if (slice) services_.insert({slice->key.namespace_name, slice->service_name});
}

std::vector<UdpAddress> UdpWatch::take(const ServiceCatalog& catalog, const FamilyProxy& ipv4,
                                       const FamilyProxy& ipv6) {
    const auto noted = std::exchange(services_, {});
    const auto gone = std::exchange(gone_, {});
    std::vector<UdpAddress> addresses;
    for (const auto* proxy : {&ipv4, &ipv6}) {
        std::set<Frontend> frontends;
        for (const auto& service : gone)
            add_frontends(*service, *proxy, frontends);
        for (const auto& key : noted)
            if (const auto* entry = catalog.find(key); entry != nullptr && entry->service)
                add_frontends(*entry->service, *proxy, frontends);
        for (const auto& frontend : frontends) {
            const auto owner = proxy->wanted().owner(frontend);
            addresses.push_back(
                {frontend, owner ? may_answer(catalog.entry(*owner), frontend) : std::vector<Backend>{}});
        }
    }
    return addresses;
}

}  // namespace fairlead::services
