#include "agent/dns_targets.h"

#include <algorithm>
#include <iterator>

#include "base/sort_unique.h"

namespace fairlead::agent {

namespace {

std::string problem_of(const DnsSettings& settings, const kube::Service* service) {
    const auto key = settings.service.to_string();
    const auto missing =
        service == nullptr ? "there is no Service " + key : "Service " + key + " has no address";
    return missing + (settings.node_local_addresses.empty()
                          ? ", so that no query is intercepted; dns.service names another"
                          : ": who asks dns.nodeLocalAddresses has nobody to turn to when this agent ends; "
                            "dns.service names another");
}

}  // namespace

DnsTargets dns_targets(const DnsSettings& settings, const kube::Store<kube::Service>& services) {
    DnsTargets targets{.addresses = settings.node_local_addresses};
    const auto service = services.find(settings.service);
    if (service) std::ranges::copy(service->cluster_ips, std::back_inserter(targets.addresses));
    if (!service || service->cluster_ips.empty()) targets.problem = problem_of(settings, service.get());
    base::sort_unique(targets.addresses);
    return targets;
}

}  // namespace fairlead::agent
