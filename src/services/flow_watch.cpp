#include "services/flow_watch.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "base/sort_unique.h"
#include "services/annotations.h"
#include "services/compile.h"

namespace fairlead::services {

namespace {

using base::L4Protocol;

template <class Object>
bool has_ports(const Object& object, L4Protocol protocol) {
    return std::ranges::any_of(object.ports, [&](const auto& port) { return port.protocol == protocol; });
}

/// From where a slice lets a Service answer.
struct AnsweringPlace {
    std::string_view service;
    std::string_view port_name;
    std::uint16_t port = 0;
    base::IpAddress address;

    friend auto operator<=>(const AnsweringPlace&, const AnsweringPlace&) = default;
};

/// Sorted; valid for as long as the slice is.
std::vector<AnsweringPlace> answering_places(const kube::EndpointSlice* slice, L4Protocol protocol) {
    std::vector<AnsweringPlace> places;
    if (slice == nullptr) return places;
    for (const auto& port : slice->ports) {
        if (port.protocol != protocol) continue;
        for (const auto& endpoint : slice->endpoints)
            if (may_answer(endpoint, protocol))
                places.push_back({slice->service_name, port.name, port.port, endpoint.address});
    }
    base::sort_unique(places);
    return places;
}

/// True if one of `after` is of a port that none of `before` serves.
bool has_new_port(const std::vector<AnsweringPlace>& before, const std::vector<AnsweringPlace>& after) {
    const auto port_of = [](const AnsweringPlace& place) {
        return std::tuple{place.service, place.port_name, place.port};
    };
    return std::ranges::any_of(after, [&](const AnsweringPlace& place) {
        return !std::ranges::binary_search(before, port_of(place), {}, port_of);
    });
}

/// Endpoints that may answer for a frontend of the Service that has it.
std::vector<Backend> answering_backends(const CatalogEntry& owner, const Frontend& frontend) {
    std::vector<Backend> backends;
    for (const auto& port : owner.service->ports) {
        if (port.protocol != frontend.protocol ||
            (port.port != frontend.port && port.node_port != frontend.port))
            continue;
        for (const auto& slice : owner.slices)
            for (const auto& slice_port : slice->ports)
                if (slice_port.name == port.name && slice_port.protocol == frontend.protocol)
                    for (const auto& endpoint : slice->endpoints)
                        if (may_answer(endpoint, frontend.protocol))
                            backends.push_back({endpoint.address, slice_port.port});
    }
    return backends;
}

void add_frontends(const kube::Service& service, L4Protocol protocol, base::Family family,
                   const CompileOptions& options, std::set<Frontend>& frontends) {
    for (const auto& backed : compile(service, {}, family, options).frontends)
        if (backed.frontend.protocol == protocol) frontends.insert(backed.frontend);
}

}  // namespace

bool may_answer(const kube::Endpoint& endpoint, L4Protocol protocol) {
    return protocol == L4Protocol::kTcp || endpoint.ready || endpoint.serving;
}

std::optional<WatchedAddress> watched_address(const ServiceCatalog& catalog, const FamilyProxy& proxy,
                                              const Frontend& frontend) {
    const auto owner = proxy.wanted().owner(frontend);
    const auto* entry = owner ? &catalog.entry(*owner) : nullptr;
    if (frontend.protocol == L4Protocol::kTcp && (entry == nullptr || !wishes_of(*entry->service).resets))
        return std::nullopt;
    return WatchedAddress{frontend,
                          entry == nullptr ? std::vector<Backend>{} : answering_backends(*entry, frontend)};
}

void FlowWatch::note(const kube::ChangeSet& changes, const FamilyProxy& ipv4, const FamilyProxy& ipv6) {
    for (const auto& change : changes.services) {
        note_service(change);
        if (!change.before || !has_ports(*change.before, L4Protocol::kUdp)) continue;
        for (const auto* proxy : {&ipv4, &ipv6})
            add_frontends(*change.before, L4Protocol::kUdp, proxy->family(), proxy->options().compile,
                          frontends_);
    }
    for (const auto& change : changes.slices)
        note_slice(change);
}

void FlowWatch::note_service(const kube::Change<kube::Service>& change) {
    if (!change.after) return;
    if (has_ports(*change.after, L4Protocol::kUdp)) services_.emplace(change.key(), L4Protocol::kUdp);
    if (wishes_of(*change.after).resets) services_.emplace(change.key(), L4Protocol::kTcp);
}

void FlowWatch::note_slice(const kube::Change<kube::EndpointSlice>& change) {
    for (const auto protocol : {L4Protocol::kUdp, L4Protocol::kTcp}) {
        const auto before = answering_places(change.before.get(), protocol);
        if (before.empty() && protocol == L4Protocol::kTcp) continue;  // nothing to lose
        const auto after = answering_places(change.after.get(), protocol);
        const bool lost = !std::ranges::includes(after, before);
        const bool first = protocol == L4Protocol::kUdp && has_new_port(before, after);
        if (!lost && !first) continue;
        for (const auto& slice : {change.before, change.after})
            if (slice)
                services_.emplace(kube::ObjectKey{slice->key.namespace_name, slice->service_name}, protocol);
    }
}

void FlowWatch::note_options(const ServiceCatalog& catalog, const FamilyProxy& proxy,
                             const CompileOptions& options) {
    const auto& before = proxy.options().compile;
    if (before == options) return;
    for (const auto id : catalog.all()) {
        const auto& service = catalog.entry(id).service;
        if (!service || !has_ports(*service, L4Protocol::kUdp)) continue;
        std::set<Frontend> had;
        std::set<Frontend> has;
        add_frontends(*service, L4Protocol::kUdp, proxy.family(), before, had);
        add_frontends(*service, L4Protocol::kUdp, proxy.family(), options, has);
        // One that came too: what was sent there before went to nobody, and each packet would follow it.
        std::ranges::set_symmetric_difference(had, has, std::inserter(frontends_, frontends_.end()));
    }
}

void FlowWatch::note_leftovers(const std::vector<Frontend>& frontends) {
    std::ranges::copy_if(frontends, std::inserter(frontends_, frontends_.end()),
                         [](const Frontend& frontend) { return frontend.protocol == L4Protocol::kUdp; });
}

std::vector<WatchedAddress> FlowWatch::take(const ServiceCatalog& catalog, const FamilyProxy& ipv4,
                                            const FamilyProxy& ipv6) {
    const auto services = std::exchange(services_, {});
    auto frontends = std::exchange(frontends_, {});
    for (const auto* proxy : {&ipv4, &ipv6})
        for (const auto& [key, protocol] : services)
            if (const auto* entry = catalog.find(key); entry != nullptr && entry->service)
                add_frontends(*entry->service, protocol, proxy->family(), proxy->options().compile,
                              frontends);
    std::vector<WatchedAddress> addresses;
    for (const auto& frontend : frontends) {
        const auto& proxy = frontend.address.family() == base::Family::kIpv4 ? ipv4 : ipv6;
        if (auto address = watched_address(catalog, proxy, frontend))
            addresses.push_back(*std::move(address));
    }
    return addresses;
}

}  // namespace fairlead::services
