#include "kube/slice_controller.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

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
    std::ranges::transform(service.cluster_ips, std::back_inserter(families), &base::IpAddress::family);
    if (families.empty()) families.push_back(base::Family::kIpv4);
    return families;
}

const base::IpAddress* first_of(const std::vector<base::IpAddress>& addresses, base::Family family) {
    const auto found = std::ranges::find(addresses, family, &base::IpAddress::family);
    return found == addresses.end() ? nullptr : &*found;
}

/// What tells the slices of a Service apart, as a name can hold it. FNV-1a: the same on every machine.
std::string hash_text(const EndpointSlice& slice, std::size_t number) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    const auto add = [&](std::string_view text) {
        for (const char c : text)
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        hash *= 0x100000001b3U;  // ends the text: "a","b" is not "ab"
    };
    add(base::name_of(slice.family));
    add(std::to_string(number));
    for (const auto& port : slice.ports) {
        add(port.name);
        add(base::name_of(port.protocol));
        add(std::to_string(port.port));
    }
    // Consonants and digits, as Kubernetes has them in generated names: no words come out.
    constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
    constexpr std::size_t kLength = 10;
    std::string text;
    for (; text.size() < kLength; hash /= kLetters.size())
        text += kLetters[hash % kLetters.size()];
    return text;
}

class SliceMaker {
  public:
    explicit SliceMaker(const SliceOrigin& origin) {
        for (const auto& pod : origin.pods)
            if (!pod->finished)
                for (const auto& [name, value] : pod->labels)
                    labelled_.push_back({{pod->key.namespace_name, name, value}, pod.get()});
        std::ranges::stable_sort(labelled_, {}, &Labelled::label);
        for (const auto& node : origin.nodes)
            nodes_[node->key.name] = node.get();
    }

    void make(const Service& service, const TakeSlice& take) {
        const auto pods = fewest_labelled(service);
        for (const auto family : families_of(service)) {
            std::map<std::vector<PortKey>, std::vector<EndpointSlice>> by_ports;
            for (const auto& [label, pod] : pods) {
                if (!selects(service.selector, pod->labels)) continue;
                const auto* address = address_of(*pod, family);
                if (address == nullptr) continue;
                const auto ports = ports_of(service, *pod);
                add(slice_for(by_ports[keys_of(ports)], service, family, ports), service, *pod, *address);
            }
            for (auto& [ports, made] : by_ports)
                for (auto& slice : made)
                    take(std::make_shared<const EndpointSlice>(std::move(slice)));
        }
    }

  private:
    using Label = std::tuple<std::string_view, std::string_view, std::string_view>;  // namespace, name, value

    struct Labelled {
        Label label;
        const Pod* pod;
    };

    /// The Pods that have one label of the selector: that of which there are the fewest. A namespace may have
    /// tens of thousands of Services and Pods.
    [[nodiscard]] std::span<const Labelled> fewest_labelled(const Service& service) const {
        std::span<const Labelled> fewest{labelled_};
        for (const auto& [name, value] : service.selector) {
            const Label label{service.key.namespace_name, name, value};
            const auto found = std::ranges::equal_range(labelled_, label, {}, &Labelled::label);
            if (found.size() <= fewest.size()) fewest = found;
        }
        return fewest;
    }

    using PortKey = std::pair<std::string, std::uint16_t>;  // names are unique in a Service

    static std::vector<PortKey> keys_of(const Ports& ports) {
        std::vector<PortKey> keys;
        for (const auto& port : ports)
            keys.emplace_back(port.name, port.port);
        return keys;
    }

    [[nodiscard]] const Node* node_of(const Pod& pod) const {
        const auto found = nodes_.find(pod.node_name);
        return found == nodes_.end() ? nullptr : found->second;
    }

    /// A Pod in its node's network has the node's addresses (kubelet puts them into its status).
    [[nodiscard]] const base::IpAddress* address_of(const Pod& pod, base::Family family) const {
        const auto* const node = node_of(pod);
        const bool of_node = pod.pod_ips.empty() && pod.host_network && node != nullptr;
        return first_of(of_node ? node->addresses : pod.pod_ips, family);
    }

    static EndpointSlice& slice_for(std::vector<EndpointSlice>& made, const Service& service,
                                    base::Family family, const Ports& ports) {
        if (!made.empty() && made.back().endpoints.size() < kLargestSlice) return made.back();
        auto& slice = made.emplace_back();
        slice.made_by_controller = true;
        slice.service_name = service.key.name;
        slice.family = family;
        slice.ports = ports;
        slice.key = {service.key.namespace_name, service.key.name + "-" + hash_text(slice, made.size())};
        return slice;
    }

    void add(EndpointSlice& slice, const Service& service, const Pod& pod, const base::IpAddress& address) {
        Endpoint endpoint;
        endpoint.address = address;
        endpoint.node_name = slice.index_of_name(pod.node_name).value_or(0);
        const auto* const node = node_of(pod);
        if (node != nullptr) endpoint.zone = slice.index_of_name(node->zone).value_or(0);
        endpoint.serving = pod.ready;
        endpoint.terminating = pod.terminating;
        endpoint.ready = service.publish_not_ready_addresses || (pod.ready && !pod.terminating);
        if (endpoint.ready) add_hints(slice, service, endpoint);
        slice.pods.set(slice.endpoints.size(), pod.key.name);
        if (*pod.subdomain == service.key.name) slice.set_hostname(slice.endpoints.size(), *pod.hostname);
        slice.endpoints.push_back(endpoint);
    }

    /// Of the endpoint that comes next (k8s.io/endpointslice/trafficdist).
    static void add_hints(EndpointSlice& slice, const Service& service, const Endpoint& endpoint) {
        const std::string_view wish = *service.traffic_distribution;
        const bool same_node = wish == "PreferSameNode";
        const bool same_zone = same_node || wish == "PreferSameZone" || wish == "PreferClose";
        const auto add = [&](EndpointHint::Kind kind, std::uint16_t name) {
            const auto index = static_cast<std::uint32_t>(slice.endpoints.size());
            if (name != 0) slice.hints.push_back({index, name, kind});
        };
        if (same_zone) add(EndpointHint::Kind::kZone, endpoint.zone);
        if (same_node) add(EndpointHint::Kind::kNode, endpoint.node_name);
    }

    std::vector<Labelled> labelled_;  // by label; one Pod for each of its labels
    std::map<std::string, const Node*> nodes_;
};

}  // namespace

void derive_slices(const SliceOrigin& origin, const TakeSlice& take) {
    SliceMaker maker{origin};
    for (const auto& service : origin.services)
        if (!service->selector.empty() && service->type != ServiceType::kExternalName)
            maker.make(*service, take);
}

void derive_slices_beside(std::span<const std::shared_ptr<const EndpointSlice>> written,
                          const SliceOrigin& origin, const TakeSlice& take) {
    using Owner = std::pair<std::string_view, std::string_view>;  // namespace and name of a Service
    const auto owner_of = [](const EndpointSlice& slice) {
        return Owner{slice.key.namespace_name, slice.service_name};
    };
    std::set<Owner> replaceable;
    for (const auto& slice : written)
        if (slice->made_by_controller) replaceable.insert(owner_of(*slice));
    std::set<Owner> replaced;
    derive_slices(origin, [&](std::shared_ptr<const EndpointSlice> slice) {
        if (const auto found = replaceable.find(owner_of(*slice)); found != replaceable.end())
            replaced.insert(*found);
        take(std::move(slice));
    });
    for (const auto& slice : written)
        if (!slice->made_by_controller || !replaced.contains(owner_of(*slice))) take(slice);
}

}  // namespace fairlead::kube
