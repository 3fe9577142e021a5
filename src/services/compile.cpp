#include "services/compile.h"

#include <algorithm>

#include "base/sort_unique.h"
#include "services/annotations.h"

namespace fairlead::services {

namespace {

using base::Family;
using base::IpAddress;
using base::Prefix;

std::vector<IpAddress> of_family(const std::vector<IpAddress>& addresses, Family family) {
    std::vector<IpAddress> matching;
    std::ranges::copy_if(addresses, std::back_inserter(matching),
                         [&](const IpAddress& address) { return address.family() == family; });
    return matching;
}

/// Compiles one Service for one family.
class Compilation {
  public:
    Compilation(const kube::Service& service, Slices slices, Family family, const CompileOptions& options)
        : service_(service), slices_(slices), family_(family), options_(options) {}

    CompiledService run() {
        compiled_.cluster_ips = usable(service_.cluster_ips);
        if (!compiled_.cluster_ips.empty()) {
            allowed_sources_ = allowed_sources();
            for (const auto& port : service_.ports)
                if (port.port != 0) add_port(port);
            note_endpoint_addresses();
        }
        std::ranges::stable_sort(compiled_.frontends, {}, [](const BackedFrontend& backed) {
            return std::pair{backed.frontend, backed.kind};
        });
        const auto repeated = std::ranges::unique(compiled_.frontends, {}, &BackedFrontend::frontend);
        compiled_.frontends.erase(repeated.begin(), repeated.end());
        base::sort_unique(compiled_.local_backends);
        base::sort_unique(compiled_.refused);
        base::sort_unique(compiled_.idle_endpoints);
        return std::move(compiled_);
    }

  private:
    /// Those of this family that are routable; others of it are noted as refused.
    std::vector<IpAddress> usable(const std::vector<IpAddress>& addresses) {
        std::vector<IpAddress> good;
        for (const auto& address : of_family(addresses, family_))
            (is_routable(address) ? good : compiled_.refused).push_back(address);
        return good;
    }

    /// Where nodes reach a load balancer's address without leaving themselves, that address is the source.
    std::vector<Prefix> allowed_sources() {
        std::vector<Prefix> ranges;
        for (const auto& range : service_.load_balancer_source_ranges)
            if (range.family() == family_) ranges.push_back(range);
        const bool node_may = std::ranges::any_of(options_.node_addresses, [&](const IpAddress& node) {
            return std::ranges::any_of(ranges, [&](const Prefix& range) { return range.contains(node); });
        });
        if (node_may)
            for (const auto& address : of_family(service_.load_balancer_ips, family_))
                ranges.emplace_back(address, 8 * address.bytes().size());
        return base::without_contained(std::move(ranges));
    }

    void add_port(const kube::ServicePort& port) {
        const auto choice = choose_endpoints(slices_, port, family_, options_.node);
        const auto internal = internal_backing(choice);
        for (const auto& address : compiled_.cluster_ips)
            add({address, port.protocol, port.port}, internal, FrontendKind::kClusterIp);
        if (options_.node_local.service == service_.key)
            for (const auto& address : of_family(options_.node_local.addresses, family_))
                add({address, port.protocol, port.port}, internal, FrontendKind::kClusterIp);
        note_idle_endpoints(choice, internal, port.protocol);
        if (port.node_port == 0 && service_.load_balancer_ips.empty() && service_.external_ips.empty())
            return;
        const auto external = external_backing(choice);
        if (port.node_port != 0)
            for (const auto& address : of_family(options_.node_port_addresses, family_))
                add({address, port.protocol, port.node_port}, external, FrontendKind::kNodePort);
        auto guarded = external;
        guarded.allowed_sources = allowed_sources_;
        for (const auto& address : usable(service_.load_balancer_ips))
            add({address, port.protocol, port.port}, guarded, FrontendKind::kLoadBalancer);
        if (!options_.external_ips) return;
        for (const auto& address : usable(service_.external_ips))
            add({address, port.protocol, port.port}, external, FrontendKind::kExternalIp);
    }

    void note_idle_endpoints(const EndpointChoice& choice, const Backing& internal,
                             base::L4Protocol protocol) {
        if (choice.all.size() == internal.backends.size()) return;  // those are some of these
        for (const auto& [address, port] : choice.all)
            if (!std::ranges::binary_search(internal.backends, Backend{address, port}))
                compiled_.idle_endpoints.push_back({address, protocol, port});
    }

    void add(const Frontend& frontend, const Backing& backing, FrontendKind kind) {
        compiled_.frontends.push_back({frontend, backing, kind});
    }

    [[nodiscard]] Backing empty_backing() const {
        Backing backing;
        const auto wishes = wishes_of(service_);
        const auto affinity_s = service_.affinity_timeout_s.value_or(0);
        const bool forgets = affinity_s > 0 && !options_.remembers_clients;
        backing.affinity_timeout_s = options_.remembers_clients ? affinity_s : 0;
        backing.consistent = options_.hashes_clients && (wishes.consistent || forgets);
        backing.resets = options_.resets && wishes.resets;
        return backing;
    }

    [[nodiscard]] Backing internal_backing(const EndpointChoice& choice) const {
        Backing backing = empty_backing();
        const bool local = service_.internal_traffic_policy == kube::TrafficPolicy::kLocal;
        backing.backends = local ? choice.local : choice.cluster;
        if (backing.backends.empty() && !choice.cluster.empty()) backing.unserved = Unserved::kDropped;
        return backing;
    }

    [[nodiscard]] Backing external_backing(const EndpointChoice& choice) const {
        Backing backing = empty_backing();
        backing.backends = choice.cluster;
        if (service_.external_traffic_policy == kube::TrafficPolicy::kLocal)
            backing.outside_backends = choice.local;
        else
            backing.masqueraded = true;
        return backing;
    }

    /// An endpoint that does not say where it runs may run here.
    void note_endpoint_addresses() {
        for (const auto& slice : slices_) {
            if (slice->family != family_) continue;
            for (const auto& endpoint : slice->endpoints) {
                const auto node = slice->node_name(endpoint);
                if (!is_routable(endpoint.address))
                    compiled_.refused.push_back(endpoint.address);
                else if (node.empty() || node == options_.node.name)
                    compiled_.local_backends.push_back(endpoint.address);
            }
        }
    }

    const kube::Service& service_;
    Slices slices_;
    Family family_;
    const CompileOptions& options_;
    std::vector<Prefix> allowed_sources_;
    CompiledService compiled_;
};

}  // namespace

std::string_view name_of(FrontendKind kind) {
    constexpr std::string_view kNames[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalIP"};
    return kNames[static_cast<std::size_t>(kind)];
}

bool is_proxied(const kube::Service& service) {
    return service.type != kube::ServiceType::kExternalName && !service.headless &&
           service.service_proxy_name->empty();
}

CompiledService compile(const kube::Service& service, Slices slices, Family family,
                        const CompileOptions& options) {
    if (!is_proxied(service)) return {};
    return Compilation{service, slices, family, options}.run();
}

}  // namespace fairlead::services
