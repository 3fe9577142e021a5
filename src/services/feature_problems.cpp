#include "services/feature_problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "services/annotations.h"
#include "services/compile.h"

namespace fairlead::services {

namespace {

constexpr std::size_t kMostNames = 10;

using Asks = std::function<bool(const kube::Service&)>;

bool wants_affinity(const kube::Service& service) {
    return service.affinity_timeout_s.value_or(0) > 0;
}

/// Who wants what the feature is for; none where it is for everybody.
Asks who_asks(Feature feature) {
    switch (feature) {
        case Feature::kHashes:
            return [](const kube::Service& service) { return wishes_of(service).consistent; };
        case Feature::kDynamicSets:
            return wants_affinity;
        case Feature::kReject:
            return [](const kube::Service& service) { return wishes_of(service).resets; };
        default:
            return {};
    }
}

std::string_view substitute(Feature feature, const KernelFeatures& features) {
    const bool hashes = features.has(Feature::kHashes);
    switch (feature) {
        case Feature::kRandomNumbers:
            return hashes ? "the client's port decides which endpoint gets a connection"
                          : "all connections of a Service go to one endpoint";
        case Feature::kHashes:
            return "consistent balancing is off";
        case Feature::kDynamicSets:
            return hashes ? "clients keep their endpoint by their address, connections are not counted"
                          : "sessionAffinity is off, connections are not counted";
        case Feature::kMasquerade:
            return "no client's address is hidden: who is no pod may get no answer";
        case Feature::kRandomSourcePort:
            return "source ports of hidden clients are not random";
        case Feature::kCounters:
            return "refused packets and connections are not counted";
        case Feature::kReject:
            return "what would be refused is dropped, connections to removed endpoints are not reset";
        case Feature::kFib:
            return "connections of this node are told by their interface";
    }
    return "";
}

std::vector<std::string> names(const ServiceCatalog& catalog, const Asks& asks, base::Family family) {
    std::vector<std::string> names;
    if (!asks) return names;
    const auto is_of_family = [&](const base::IpAddress& address) { return address.family() == family; };
    for (const auto id : catalog.all())
        if (const auto& service = catalog.entry(id).service;
            service && is_proxied(*service) && asks(*service) &&
            std::ranges::any_of(service->cluster_ips, is_of_family))
            names.push_back(service->key.to_string());
    std::ranges::sort(names);
    return names;
}

std::string list_of(const std::vector<std::string>& names) {
    if (names.empty()) return "";
    const auto shown = std::min(names.size(), kMostNames);
    const auto more = names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "";
    return fmt::format(
        " ({}{})", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "), more);
}

}  // namespace

std::vector<std::string> feature_problems(const ServiceCatalog& catalog, const FamilyProxy& proxy) {
    std::vector<std::string> problems;
    const auto& features = proxy.features();
    for (const auto& [feature, words] : features.missing()) {
        // Without all masquerading nobody misses this.
        if (feature == Feature::kRandomSourcePort && !features.has(Feature::kMasquerade)) continue;
        problems.push_back(fmt::format("{}: this kernel lacks {}: {}{}: {}", base::name_of(proxy.family()),
                                       name_of(feature), substitute(feature, features),
                                       list_of(names(catalog, who_asks(feature), proxy.family())), words));
    }
    return problems;
}

}  // namespace fairlead::services
