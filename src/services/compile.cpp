#include "services/compile.h"

#include <algorithm>

namespace fairlead::services {

namespace {

using kube::EndpointSlice;
using Slices = std::span<const std::shared_ptr<const EndpointSlice>>;

template <class Value>
void sort_unique(std::vector<Value>& values) {
    std::ranges::sort(values);
    const auto repeated = std::ranges::unique(values);
    values.erase(repeated.begin(), repeated.end());
}

bool is_proxied(const kube::Service& service) {
    return service.type != kube::ServiceType::kExternalName && !service.headless &&
           service.service_proxy_name.empty();
}

/// The port of a slice that belongs to a Service's port; 0 if there is none.
std::uint16_t target_port(const EndpointSlice& slice, const kube::ServicePort& port) {
    for (const auto& candidate : slice.ports)
        if (candidate.name == port.name && candidate.protocol == port.protocol) return candidate.port;
    return 0;
}

/// The endpoints of a port that `wanted` accepts.
template <class Wanted>
std::vector<Backend> backends_if(Slices slices, const kube::ServicePort& port, base::Family family,
                                 Wanted wanted) {
    std::vector<Backend> backends;
    for (const auto& slice : slices) {
        const std::uint16_t number = slice->family == family ? target_port(*slice, port) : 0;
        if (number == 0) continue;
        for (const auto& endpoint : slice->endpoints)
            if (wanted(*slice, endpoint) && is_routable(endpoint.address))
                backends.push_back({endpoint.address, number});
    }
    sort_unique(backends);
    return backends;
}

/// The endpoints of a port that take connections, of those that `in_reach` accepts.
template <class InReach>
std::vector<Backend> usable_backends(Slices slices, const kube::ServicePort& port, base::Family family,
                                     InReach in_reach) {
    auto ready =
        backends_if(slices, port, family, [&](const EndpointSlice& slice, const kube::Endpoint& endpoint) {
            return endpoint.ready && in_reach(slice, endpoint);
        });
    if (!ready.empty()) return ready;
    return backends_if(slices, port, family, [&](const EndpointSlice& slice, const kube::Endpoint& endpoint) {
        return endpoint.serving && endpoint.terminating && in_reach(slice, endpoint);
    });
}

Backing backing_of(const kube::Service& service, Slices slices, const kube::ServicePort& port,
                   base::Family family, std::string_view node_name) {
    const auto anywhere = [](const EndpointSlice&, const kube::Endpoint&) { return true; };
    const auto here = [&](const EndpointSlice& slice, const kube::Endpoint& endpoint) {
        return slice.node_name(endpoint) == node_name;
    };
    if (service.internal_traffic_policy == kube::TrafficPolicy::kCluster)
        return {usable_backends(slices, port, family, anywhere)};
    Backing local{usable_backends(slices, port, family, here)};
    if (local.backends.empty() && !usable_backends(slices, port, family, anywhere).empty())
        local.unserved = Unserved::kDropped;
    return local;
}

/// Sorts the endpoint addresses of a Service into `local_backends` and `refused`.
void note_addresses(Slices slices, base::Family family, std::string_view node_name,
                    CompiledService& compiled) {
    for (const auto& slice : slices) {
        if (slice->family != family) continue;
        for (const auto& endpoint : slice->endpoints) {
            if (!is_routable(endpoint.address))
                compiled.refused.push_back(endpoint.address);
            else if (slice->node_name(endpoint) == node_name)
                compiled.local_backends.push_back(endpoint.address);
        }
    }
    sort_unique(compiled.local_backends);
    sort_unique(compiled.refused);
}

}  // namespace

bool is_routable(const base::IpAddress& address) {
    const auto bytes = address.bytes();
    const auto first = std::to_integer<unsigned>(bytes[0]);
    const auto second = std::to_integer<unsigned>(bytes[1]);
    if (address.family() == base::Family::kIpv4)
        return first != 0 && first != 127 && !(first == 169 && second == 254) && first < 224;
    const bool leading_zeros =
        std::ranges::all_of(bytes.first(15), [](std::byte byte) { return byte == std::byte{0}; });
    const bool unspecified_or_loopback = leading_zeros && std::to_integer<unsigned>(bytes[15]) <= 1;
    return !unspecified_or_loopback && first != 0xff && !(first == 0xfe && (second & 0xc0U) == 0x80);
}

CompiledService compile(const kube::Service& service, Slices slices, base::Family family,
                        std::string_view node_name) {
    CompiledService compiled;
    if (!is_proxied(service)) return compiled;
    for (const auto& address : service.cluster_ips)
        if (address.family() == family)
            (is_routable(address) ? compiled.cluster_ips : compiled.refused).push_back(address);
    if (compiled.cluster_ips.empty()) return compiled;

    for (const auto& port : service.ports) {
        if (port.port == 0) continue;
        const auto backing = backing_of(service, slices, port, family, node_name);
        for (const auto& address : compiled.cluster_ips)
            compiled.frontends.push_back({{address, port.protocol, port.port}, backing});
    }
    std::ranges::stable_sort(compiled.frontends, {}, &BackedFrontend::frontend);
    const auto repeated = std::ranges::unique(compiled.frontends, {}, &BackedFrontend::frontend);
    compiled.frontends.erase(repeated.begin(), repeated.end());
    note_addresses(slices, family, node_name, compiled);
    return compiled;
}

}  // namespace fairlead::services
