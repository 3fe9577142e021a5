#include "services/frontend_claim.h"

#include <algorithm>
#include <limits>
#include <span>

#include "services/endpoint_reasons.h"

namespace fairlead::services {

namespace {

using kube::TrafficPolicy;

std::vector<EndpointReason> reasons_of(std::span<const JudgedEndpoint> judged, bool local,
                                       const NodePlace& node) {
    std::vector<EndpointReason> reasons;
    for (const auto& one : judged) {
        const auto use = local ? one.local : one.cluster;
        reasons.push_back({one.backend(), is_used(use), explain(use, one, node)});
    }
    return reasons;
}

}  // namespace

const kube::ServicePort* port_of(const kube::Service& service, const Frontend& frontend, FrontendKind kind) {
    const auto found = std::ranges::find_if(service.ports, [&](const kube::ServicePort& port) {
        const auto number = kind == FrontendKind::kNodePort ? port.node_port : port.port;
        return port.protocol == frontend.protocol && number == frontend.port;
    });
    return found == service.ports.end() ? nullptr : &*found;
}

ClaimedFrontend claim_of(const CatalogEntry& entry, const kube::ServicePort& port,
                         const BackedFrontend& compiled, const NodePlace& node, std::size_t limit) {
    const auto& service = *entry.service;
    auto judged = judge_endpoints(entry.slices, port, compiled.frontend.address.family(), node);
    std::erase_if(judged, [](const JudgedEndpoint& one) { return one.cluster == EndpointUse::kOtherFamily; });
    const auto shown = std::span{judged}.first(std::min(judged.size(), limit));
    ClaimedFrontend claim{service.key, compiled.kind, compiled.backing, judged.size(), {}, {}};
    const bool internal = compiled.kind == FrontendKind::kClusterIp;
    claim.reasons =
        reasons_of(shown, internal && service.internal_traffic_policy == TrafficPolicy::kLocal, node);
    if (compiled.backing.outside_backends) claim.outside_reasons = reasons_of(shown, true, node);
    return claim;
}

std::optional<ClaimedFrontend> claim_of(const ServiceProxy& proxy, const Frontend& frontend) {
    const auto family = frontend.address.family();
    const auto& family_proxy = proxy.proxy(family);
    const auto owner = family_proxy.wanted().owner(frontend);
    if (!owner) return std::nullopt;
    const auto& entry = proxy.catalog().entry(*owner);
    const auto& options = family_proxy.options().compile;
    const auto compiled = compile(*entry.service, entry.slices, family, options);
    const auto found = std::ranges::find(compiled.frontends, frontend, &BackedFrontend::frontend);
    if (found == compiled.frontends.end()) return std::nullopt;
    const auto* port = port_of(*entry.service, frontend, found->kind);
    if (port == nullptr) return std::nullopt;
    return claim_of(entry, *port, *found, options.node, std::numeric_limits<std::size_t>::max());
}

}  // namespace fairlead::services
