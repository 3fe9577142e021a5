#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/boxed.h"
#include "base/rare.h"
#include "kube/packed_names.h"

namespace fairlead::kube {

/// Namespace and name of an object; `namespace_name` is empty for cluster-scoped kinds (Node, Namespace).
struct ObjectKey {
    std::string namespace_name;
    std::string name;

    /// "shop/cart", or "n1" for cluster-scoped kinds.
    [[nodiscard]] std::string to_string() const;

    friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
    friend bool operator==(const ObjectKey&, const ObjectKey&) = default;
    template <class H>
    friend H AbslHashValue(H state, const ObjectKey& key) {
        return H::combine(std::move(state), key.namespace_name, key.name);
    }
};

/// What the annotations that are meant for fairlead start with.
inline constexpr std::string_view kOwnAnnotations = "fairlead.io/";

using Labels = std::map<std::string, std::string, std::less<>>;

/// core/v1 ServiceSpec.type
enum class ServiceType : std::uint8_t { kClusterIp, kNodePort, kLoadBalancer, kExternalName };
/// As in manifests: "ClusterIP".
std::string_view name_of(ServiceType type);

/// core/v1 ServiceSpec.externalTrafficPolicy and internalTrafficPolicy
enum class TrafficPolicy : std::uint8_t { kCluster, kLocal };

/// core/v1 ServiceSpec.ipFamilyPolicy
enum class IpFamilyPolicy : std::uint8_t { kSingleStack, kPreferDualStack, kRequireDualStack };

/// core/v1 IntOrString: a port number or the name of a container port.
using TargetPort = std::variant<std::uint16_t, std::string>;

/// core/v1 ServicePort
struct ServicePort {
    std::string name;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;
    std::uint16_t node_port = 0;  ///< 0: none
    TargetPort target_port = std::uint16_t{0};
    std::string app_protocol;

    friend bool operator==(const ServicePort&, const ServicePort&) = default;
};

/// core/v1 Service: the fields that fairlead uses.
struct Service {
    ObjectKey key;
    std::string uid;
    ServiceType type = ServiceType::kClusterIp;
    bool headless = false;                     ///< spec.clusterIP: None
    std::vector<base::IpAddress> cluster_ips;  ///< empty when headless or not assigned yet
    std::vector<ServicePort> ports;
    Labels selector;
    std::vector<base::IpAddress> external_ips;
    std::vector<base::IpAddress> load_balancer_ips;  ///< status.loadBalancer.ingress[].ip with ipMode VIP
    std::vector<base::Prefix> load_balancer_source_ranges;
    std::optional<std::uint32_t> affinity_timeout_s;  ///< set for sessionAffinity: ClientIP
    TrafficPolicy external_traffic_policy = TrafficPolicy::kCluster;
    TrafficPolicy internal_traffic_policy = TrafficPolicy::kCluster;
    std::uint16_t health_check_node_port = 0;
    bool publish_not_ready_addresses = false;
    base::Rare<std::string> traffic_distribution;  ///< spec.trafficDistribution
    base::Rare<std::string> external_name;         ///< spec.externalName
    std::vector<base::Family> ip_families;
    // How many at the end of cluster_ips and ip_families ClusterIpAllocator added; none from an API server.
    std::uint8_t allocated_ips = 0;
    std::uint8_t allocated_families = 0;
    IpFamilyPolicy ip_family_policy = IpFamilyPolicy::kSingleStack;
    /// Label service.kubernetes.io/service-proxy-name: somebody else proxies this Service.
    base::Rare<std::string> service_proxy_name;
    base::Rare<Labels> annotations;  ///< those whose names start with kOwnAnnotations

    friend bool operator==(const Service&, const Service&) = default;
};

/// One address of discovery.k8s.io/v1 Endpoint, 24 bytes: there are hundreds of thousands.
/// Names are indices into EndpointSlice::names (0: absent).
struct Endpoint {
    base::IpAddress address;
    std::uint16_t node_name = 0;
    std::uint16_t zone = 0;
    bool ready : 1 = true;
    bool serving : 1 = true;
    bool terminating : 1 = false;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// One zone or node for whose traffic an endpoint is meant (discovery.k8s.io/v1 EndpointHints), 8 bytes.
struct EndpointHint {
    enum class Kind : std::uint8_t { kZone, kNode };
    std::uint32_t endpoint = 0;  ///< index into EndpointSlice::endpoints
    std::uint16_t name = 0;      ///< index into EndpointSlice::names
    Kind kind = Kind::kZone;

    friend bool operator==(const EndpointHint&, const EndpointHint&) = default;
};

/// discovery.k8s.io/v1 EndpointPort. A port that is absent in the API (all ports) is 0.
struct EndpointPort {
    std::string name;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;

    friend bool operator==(const EndpointPort&, const EndpointPort&) = default;
};

/// discovery.k8s.io/v1 EndpointSlice: the fields that fairlead uses. Slices of addressType FQDN have no
/// endpoints here.
struct EndpointSlice {
    ObjectKey key;
    std::string service_name;  ///< label kubernetes.io/service-name; the slice's namespace is the Service's
    base::Family family = base::Family::kIpv4;
    bool made_by_controller = false;  ///< the endpointslice controller made it of Pods (label managed-by)
    std::vector<EndpointPort> ports;
    std::vector<Endpoint> endpoints;
    std::vector<std::string> names = {""};  ///< of nodes and zones; names[0] is empty
    std::vector<EndpointHint> hints;        ///< of all endpoints, in their order; mostly empty
    PackedNames pods;                       ///< of endpoints by index, where targetRef names a Pod
    base::Boxed<PackedNames> hostnames;     ///< of endpoints by index; most slices have none

    /// When the controller saw the change (annotation endpoints.kubernetes.io/last-change-trigger-time), Unix
    /// nanoseconds; 0 if absent. Not part of equality.
    std::int64_t last_change_trigger_ns = 0;

    [[nodiscard]] std::string_view node_name(const Endpoint& endpoint) const {
        return names[endpoint.node_name];
    }
    [[nodiscard]] std::string_view zone(const Endpoint& endpoint) const { return names[endpoint.zone]; }

    // Of endpoints[endpoint]: hints.forZones and hints.forNodes (KEP-2433, KEP-4444).
    [[nodiscard]] bool has_any_zone_hint(std::size_t endpoint) const {
        return has_hint(endpoint, EndpointHint::Kind::kZone, std::nullopt);
    }
    [[nodiscard]] bool has_zone_hint(std::size_t endpoint, std::string_view zone) const {
        return has_hint(endpoint, EndpointHint::Kind::kZone, zone);
    }
    [[nodiscard]] bool has_any_node_hint(std::size_t endpoint) const {
        return has_hint(endpoint, EndpointHint::Kind::kNode, std::nullopt);
    }
    [[nodiscard]] bool has_node_hint(std::size_t endpoint, std::string_view node) const {
        return has_hint(endpoint, EndpointHint::Kind::kNode, node);
    }
    /// All hints of one endpoint.
    [[nodiscard]] std::span<const EndpointHint> hints_of(std::size_t endpoint) const;
    /// Adds a hint to the last endpoint that has any, or to one behind it.
    void add_hint(std::size_t endpoint, EndpointHint::Kind kind, std::string_view name);

    /// Gives an endpoint a hostname; as PackedNames::set. An empty one is none.
    void set_hostname(std::size_t endpoint, std::string_view hostname);

    /// Index of a name in `names`, where it is added if need be; nullopt: no more fit.
    std::optional<std::uint16_t> index_of_name(std::string_view name);

    friend bool operator==(const EndpointSlice& a, const EndpointSlice& b) {
        return a.key == b.key && a.service_name == b.service_name && a.family == b.family &&
               a.made_by_controller == b.made_by_controller && a.ports == b.ports &&
               a.endpoints == b.endpoints && a.names == b.names && a.hints == b.hints && a.pods == b.pods &&
               a.hostnames == b.hostnames;
    }

  private:
    /// With `name` absent: any at all.
    [[nodiscard]] bool has_hint(std::size_t endpoint, EndpointHint::Kind kind,
                                std::optional<std::string_view> name) const;
};

/// core/v1 Node: the fields that fairlead uses.
struct Node {
    ObjectKey key;
    std::vector<base::IpAddress> addresses;  ///< status.addresses of type InternalIP and ExternalIP
    std::vector<base::Prefix> pod_cidrs;     ///< spec.podCIDRs
    std::string zone;                        ///< label topology.kubernetes.io/zone
    Labels labels;
    std::string uid;
    std::vector<std::string> taints;  ///< keys of spec.taints
    bool terminating = false;         ///< metadata.deletionTimestamp is set

    friend bool operator==(const Node&, const Node&) = default;
};

/// core/v1 Namespace: the fields that fairlead uses.
struct Namespace {
    ObjectKey key;
    Labels labels;
    base::Rare<Labels> annotations = {};  ///< those whose names start with kOwnAnnotations

    friend bool operator==(const Namespace&, const Namespace&) = default;
};

/// core/v1 ConfigMap: what kube-dns and NodeLocal DNSCache read of theirs, as it stands there; empty: not
/// there.
struct ConfigMap {
    ObjectKey key;
    std::string stub_domains;          ///< data.stubDomains
    std::string upstream_nameservers;  ///< data.upstreamNameservers

    friend bool operator==(const ConfigMap&, const ConfigMap&) = default;
};

/// networking.k8s.io/v1 ServiceCIDR, cluster-scoped: ranges that ClusterIPs are given out from.
struct ServiceCidr {
    ObjectKey key;
    std::vector<base::Prefix> cidrs;  ///< spec.cidrs: one, or one of each family
    /// status.conditions Ready. Without that condition it is ready, as for the API server's allocator.
    bool ready = true;
    bool terminating = false;  ///< metadata.deletionTimestamp is set

    friend bool operator==(const ServiceCidr&, const ServiceCidr&) = default;
};

/// core/v1 ContainerPort that has a name or that a lab workload serves.
struct ContainerPort {
    std::string name;
    base::L4Protocol protocol = base::L4Protocol::kTcp;
    std::uint16_t port = 0;

    friend bool operator==(const ContainerPort&, const ContainerPort&) = default;
};

/// core/v1 PodSpec.dnsPolicy; kOther is one that is newer than we are.
enum class DnsPolicy : std::uint8_t { kClusterFirst, kClusterFirstWithHostNet, kDefault, kNone, kOther };

/// core/v1 PodDNSConfigOption, an option of resolv.conf(5): "ndots" with "2".
struct PodDnsOption {
    std::string name;
    std::string value;  ///< empty: none

    friend bool operator==(const PodDnsOption&, const PodDnsOption&) = default;
};

/// core/v1 PodDNSConfig, as it was written.
struct PodDnsConfig {
    std::vector<std::string> nameservers;
    std::vector<std::string> searches;
    std::vector<PodDnsOption> options;

    friend bool operator==(const PodDnsConfig&, const PodDnsConfig&) = default;
};

/// core/v1 Pod: the fields that slices are derived from (manifests directory, lab), and those that say how
/// the Pod resolves names.
struct Pod {
    ObjectKey key;
    std::string uid;
    Labels labels;
    std::string node_name;
    base::Rare<std::string> hostname;  ///< spec.hostname
    /// spec.subdomain: the Service below whose name the Pod's hostname is
    base::Rare<std::string> subdomain;
    bool host_network = false;
    std::vector<base::IpAddress> pod_ips;  ///< status.podIPs
    std::vector<ContainerPort> ports;      ///< of all containers, in order
    /// status.conditions Ready. A Pod whose status has neither phase nor conditions was never seen by a
    /// kubelet (a manifest): it counts as ready.
    bool ready = false;
    bool terminating = false;  ///< metadata.deletionTimestamp is set
    bool finished = false;     ///< status.phase Succeeded or Failed
    DnsPolicy dns_policy = DnsPolicy::kClusterFirst;
    base::Rare<PodDnsConfig> dns_config;
    base::Rare<Labels> annotations;  ///< those whose names start with kOwnAnnotations

    friend bool operator==(const Pod&, const Pod&) = default;
};

/// What is kept of a core/v1 Pod of the whole cluster, of which there are many: of one that has addresses and
/// has not finished.
struct PodAddresses {
    ObjectKey key;
    std::vector<base::IpAddress> addresses;  ///< status.podIPs

    /// nullopt if nothing is to be kept of it.
    static std::optional<PodAddresses> of(Pod pod);

    friend bool operator==(const PodAddresses&, const PodAddresses&) = default;
};

}  // namespace fairlead::kube
