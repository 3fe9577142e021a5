#include "agent/service_options.h"

#include <algorithm>

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

}  // namespace

services::Options service_options(const Config& config, const kube::Stores& stores,
                                  std::span<const base::IpAddress> local_addresses) {
    const auto node = stores.nodes.find({"", config.node_name});
    services::Options options;
    auto& compile = options.compile;
    compile.node = {config.node_name, node ? node->zone : ""};
    const std::vector<base::IpAddress> primary = node ? node->addresses : std::vector<base::IpAddress>{};
    compile.node_addresses = primary;
    std::ranges::copy(local_addresses, std::back_inserter(compile.node_addresses));
    compile.node_port_addresses =
        services::node_port_addresses(config.node_port_addresses, local_addresses, primary);
    compile.external_ips = config.external_ips;
    options.pods = pod_sources(config, node.get());
    options.masquerade_all = config.masquerade_all;
    options.service_cidrs = config.service_cidrs;
    stores.service_cidrs.for_each([&](const auto& range) {
        std::ranges::copy(range->cidrs, std::back_inserter(options.service_cidrs));
    });
    return options;
}

}  // namespace fairlead::agent
