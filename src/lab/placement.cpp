#include "lab/placement.h"

#include <algorithm>
#include <set>

#include "lab/layout.h"

namespace fairlead::lab {

Placement::Placement(const kube::ManifestFiles::Objects& first, unsigned node_count)
    : cluster_ips_({service_range().ipv4, service_range().ipv6}) {
    std::set<std::string> named;
    for (const auto& node : first.nodes)
        named.insert(node.key.name);
    for (const auto& pod : first.pods)
        if (!pod.node_name.empty()) named.insert(pod.node_name);
    node_names_.assign(named.begin(), named.end());
    if (node_names_.size() > kMostNodes) node_names_.resize(kMostNodes);
    for (unsigned number = 1; node_names_.size() < node_count; ++number) {
        auto name = "node-" + std::to_string(number);
        if (!node_number(name)) node_names_.push_back(std::move(name));
    }
}

std::optional<unsigned> Placement::node_number(std::string_view name) const {
    const auto found = std::ranges::find(node_names_, name);
    if (found == node_names_.end()) return std::nullopt;
    return static_cast<unsigned>(found - node_names_.begin()) + 1;
}

Placement::Result Placement::place(kube::ManifestFiles::Objects objects) {
    Result result;
    place_nodes(objects.nodes, result.warnings);
    std::ranges::sort(objects.pods, {}, &kube::Pod::key);
    leave_seats(objects.pods);
    for (auto& pod : objects.pods)
        place_pod(pod, result.warnings);
    give_addresses(objects.services, result.warnings);
    result.objects = std::move(objects);
    return result;
}

void Placement::give_addresses(std::vector<kube::Service>& services, std::vector<std::string>& warnings) {
    std::vector<std::shared_ptr<const kube::Service>> given;
    for (auto& service : services)
        given.push_back(std::make_shared<const kube::Service>(std::move(service)));
    for (auto& problem : cluster_ips_.assign(given))
        warnings.push_back(std::move(problem));
    services.clear();
    for (const auto& service : given)
        services.push_back(*service);
}

void Placement::place_nodes(std::vector<kube::Node>& nodes, std::vector<std::string>& warnings) const {
    std::vector<kube::Node> placed;
    for (std::size_t i = 0; i < node_names_.size(); ++i) {
        const auto given =
            std::ranges::find(nodes, node_names_[i], [](const kube::Node& node) { return node.key.name; });
        kube::Node node = given == nodes.end() ? kube::Node{} : *given;
        const auto number = static_cast<unsigned>(i) + 1;
        node.key = {"", node_names_[i]};
        const auto address = node_address(number);
        node.addresses = {address.ipv4, address.ipv6};
        const auto range = pod_range_of(number);
        node.pod_cidrs = {range.ipv4, range.ipv6};
        placed.push_back(std::move(node));
    }
    for (const auto& node : nodes)
        if (!node_number(node.key.name))
            warnings.push_back("Node " + node.key.name + ": a lab gets no nodes while it is up");
    nodes = std::move(placed);
}

void Placement::leave_seats(const std::vector<kube::Pod>& pods) {
    std::map<kube::ObjectKey, const kube::Pod*> present;
    for (const auto& pod : pods)
        if (!pod.finished) present.emplace(pod.key, &pod);
    std::erase_if(seats_, [&](const auto& entry) {
        const auto& [key, seat] = entry;
        const auto pod = present.find(key);
        if (pod == present.end() || pod->second->host_network != (seat.host == 0)) return true;
        const auto wanted = node_number(pod->second->node_name);
        return wanted && *wanted != seat.node;
    });
}

unsigned Placement::emptiest_node() const {
    std::vector<unsigned> pods(node_names_.size());
    for (const auto& [key, seat] : seats_)
        ++pods[seat.node - 1];
    return static_cast<unsigned>(std::ranges::min_element(pods) - pods.begin()) + 1;
}

unsigned Placement::free_host(unsigned node) {
    std::set<unsigned> taken;
    for (const auto& [key, seat] : seats_)
        if (seat.node == node) taken.insert(seat.host);
    constexpr unsigned kHosts = kLastPodHost - kFirstPodHost + 1;
    auto& last = last_hosts_.try_emplace(node, kLastPodHost).first->second;
    for (unsigned step = 0; step < kHosts; ++step) {
        const unsigned host = kFirstPodHost + (last - kFirstPodHost + 1 + step) % kHosts;
        if (taken.contains(host)) continue;
        last = host;
        return host;
    }
    return 0;
}

void Placement::place_pod(kube::Pod& pod, std::vector<std::string>& warnings) {
    pod.pod_ips.clear();
    pod.ready = false;
    if (pod.finished) return;
    auto seat = seats_.find(pod.key);
    if (seat == seats_.end()) {
        const auto wanted = node_number(pod.node_name);
        if (!wanted && !pod.node_name.empty())
            warnings.push_back("Pod " + pod.key.to_string() + ": the lab has no node " + pod.node_name +
                               ", it runs elsewhere");
        const unsigned node = wanted.value_or(emptiest_node());
        const unsigned host = pod.host_network ? 0 : free_host(node);
        if (host == 0 && !pod.host_network) {
            warnings.push_back("Pod " + pod.key.to_string() + ": no address is left on node " +
                               node_names_[node - 1]);
            return;
        }
        seat = seats_.emplace(pod.key, Seat{node, host}).first;
    }
    const auto [node, host] = seat->second;
    pod.node_name = node_names_[node - 1];
    const auto address = host == 0 ? node_address(node) : pod_address(node, host);
    pod.pod_ips = {address.ipv4, address.ipv6};
}

bool wants_ready(const kube::Pod& pod) {
    const auto label = pod.labels.find(kReadyLabel);
    return label == pod.labels.end() || label->second != "false";
}

}  // namespace fairlead::lab
