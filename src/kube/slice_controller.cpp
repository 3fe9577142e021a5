#include "kube/slice_controller.h"

#include <algorithm>
#include <map>

namespace fairlead::kube {

namespace {

constexpr std::size_t kLargestSlice = 100;  // --max-endpoints-per-slice

using Ports = std::vector<EndpointPort>;

bool selects(const Labels& selector, const Labels& labels) {
    return std::ranges::all_of(selector, [&](const auto& wanted) {
        const auto found = labels.find(wanted.first);
        return found != labels.end() && found->second == wanted.second;
    });
}

/// The number that a Pod gives a Service's port; 0 if it has no port of that name.
std::uint16_t resolve(const ServicePort& port, const Pod& pod) {
    if (const auto* number = std::get_if<std::uint16_t>(&port.target_port)) return *number;
    const auto& name = std::get<std::string>(port.target_port);
    for (const auto& candidate : pod.ports)
        if (candidate.name == name && candidate.protocol == port.protocol) return candidate.port;
    return 0;
}

Ports ports_of(const Service& service, const Pod& pod) {
    Ports ports;
    for (const auto& port : service.ports)
        if (const auto number = resolve(port, pod); number != 0)
            ports.push_back({port.name, port.protocol, number});
    return ports;
}

std::vector<base::Family> families_of(const Service& service) {
    if (!service.ip_families.empty()) return service.ip_families;
    std::vector<base::Family> families;
    for (const auto& address : service.cluster_ips)
        families.push_back(address.family());
    if (families.empty()) families.push_back(base::Family::kIpv4);
    return families;
}

const base::IpAddress* address_of(const Pod& pod, base::Family family) {
    const auto found = std::ranges::find(pod.pod_ips, family, &base::IpAddress::family);
    return found == pod.pod_ips.end() ? nullptr : &*found;
}

class SliceMaker {
  public:
    SliceMaker(std::span<const Pod> pods, std::span<const Node> nodes) {
        for (const auto& pod : pods)
            if (!pod.finished) pods_[pod.key.namespace_name].push_back(&pod);
        for (const auto& node : nodes)
            zones_[node.key.name] = node.zone;
    }

    void make(const Service& service, std::vector<EndpointSlice>& slices) {
        for (const auto family : families_of(service)) {
            std::map<std::string, std::vector<EndpointSlice>> by_ports;
            for (const auto* pod : pods_[service.key.namespace_name]) {
                const auto* address = address_of(*pod, family);
                if (address == nullptr || !selects(service.selector, pod->labels)) continue;
                const auto ports = ports_of(service, *pod);
                add(slice_for(by_ports[text_of(ports)], service, family, ports), service, *pod, *address);
            }
            for (auto& [ports, made] : by_ports)
                std::ranges::move(made, std::back_inserter(slices));
        }
    }

  private:
    static std::string text_of(const Ports& ports) {
        std::string text;
        for (const auto& port : ports)
            text += port.name + "=" + std::to_string(port.port) + ",";
        return text;
    }

    static EndpointSlice& slice_for(std::vector<EndpointSlice>& made, const Service& service,
                                    base::Family family, const Ports& ports) {
        if (!made.empty() && made.back().endpoints.size() < kLargestSlice) return made.back();
        auto& slice = made.emplace_back();
        // The name holds what tells slices of one Service apart, so that it is the same after each edit.
        const std::string number = made.size() == 1 ? "" : "-" + std::to_string(made.size());
        std::string suffix = family == base::Family::kIpv4 ? "-v4" : "-v6";
        for (const auto& port : ports)
            suffix += "-" + std::to_string(port.port);
        slice.key = {service.key.namespace_name, service.key.name + suffix + number};
        slice.service_name = service.key.name;
        slice.family = family;
        slice.ports = ports;
        return slice;
    }

    void add(EndpointSlice& slice, const Service& service, const Pod& pod, const base::IpAddress& address) {
        Endpoint endpoint;
        endpoint.address = address;
        endpoint.node_name = index_of(slice, pod.node_name);
        endpoint.zone = index_of(slice, zones_[pod.node_name]);
        endpoint.serving = pod.ready || service.publish_not_ready_addresses;
        endpoint.terminating = pod.terminating;
        endpoint.ready = service.publish_not_ready_addresses || (pod.ready && !pod.terminating);
        slice.endpoints.push_back(endpoint);
    }

    static std::uint16_t index_of(EndpointSlice& slice, const std::string& name) {
        const auto known = std::ranges::find(slice.names, name);
        const auto index = known - slice.names.begin();
        if (known == slice.names.end()) slice.names.push_back(name);
        return static_cast<std::uint16_t>(index);
    }

    std::map<std::string, std::vector<const Pod*>> pods_;
    std::map<std::string, std::string> zones_;
};

}  // namespace

std::vector<EndpointSlice> derive_slices(std::span<const Service> services, std::span<const Pod> pods,
                                         std::span<const Node> nodes) {
    SliceMaker maker{pods, nodes};
    std::vector<EndpointSlice> slices;
    for (const auto& service : services)
        if (!service.selector.empty() && service.type != ServiceType::kExternalName)
            maker.make(service, slices);
    return slices;
}

}  // namespace fairlead::kube
