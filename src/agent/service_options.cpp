#include "agent/service_options.h"

#include <algorithm>

#include "base/sort_unique.h"

namespace fairlead::agent {

namespace {

services::PodSources pod_sources(const Config& config, const kube::Node* node) {
    services::PodSources pods;
    switch (config.detect_local) {
        case DetectLocal::kClusterCidr:
            pods.cidrs = config.cluster_cidrs;
            break;
        case DetectLocal::kNodeCidr:
            if (node != nullptr) pods.cidrs = node->pod_cidrs;
            break;
        case DetectLocal::kBridgeInterface:
            pods.interfaces = {config.bridge_interface};
            break;
        case DetectLocal::kInterfaceNamePrefix:
            pods.interface_prefixes = {config.interface_name_prefix};
            break;
    }
    return pods;
}

/// Each once, without link-local ones: a node gets one of those with each Pod, and all Services are compiled
/// anew when this list changes.
std::vector<base::IpAddress> node_addresses(std::span<const base::IpAddress> primary,
                                            std::span<const base::IpAddress> local) {
    std::vector<base::IpAddress> addresses(primary.begin(), primary.end());
    std::ranges::copy_if(local, std::back_inserter(addresses), services::is_routable);
    base::sort_unique(addresses);
    return addresses;
}

}  // namespace

services::Options service_options(const Config& config, const kube::Stores& stores,
                                  std::span<const base::IpAddress> local_addresses) {
    const auto node = stores.nodes.find({"", config.node_name});
    services::Options options;
    auto& compile = options.compile;
    compile.node = {config.node_name, node ? node->zone : ""};
    const std::vector<base::IpAddress> primary = node ? node->addresses : std::vector<base::IpAddress>{};
    compile.node_addresses = node_addresses(primary, local_addresses);
    compile.node_port_addresses =
        services::node_port_addresses(config.node_port_addresses, local_addresses, primary);
    compile.localhost_addresses = config.node_port_addresses.localhost_addresses();
    compile.external_ips = config.external_ips;
    if (config.dns.mode == DnsMode::kIntercept)
        compile.node_local = {config.dns.service, config.dns.node_local_addresses};
    options.pods = pod_sources(config, node.get());
    options.masquerade_all = config.masquerade_all;
    options.count_connections = config.connection_counters;
    options.guard = invalid_guard_of(config.conntrack.guard_mode());
    options.service_cidrs = config.service_cidrs;
    stores.service_cidrs.for_each([&](const auto& range) {
        std::ranges::copy(range->cidrs, std::back_inserter(options.service_cidrs));
    });
    return options;
}

}  // namespace fairlead::agent
