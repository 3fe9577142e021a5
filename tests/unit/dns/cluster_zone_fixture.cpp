#include "cluster_zone_fixture.h"

#include <utility>

namespace fairlead::test {

namespace {

using base::L4Protocol;
using kube::EndpointPort;

constexpr std::string_view kSpace = "shop";

struct Port {
    std::string name;
    std::uint16_t number = 0;
    L4Protocol protocol = L4Protocol::kTcp;
};

void put_cluster_ip(ZoneCluster& cluster, std::string_view name_space, std::string_view name,
                    const std::vector<std::string>& addresses, const std::vector<Port>& ports,
                    kube::ServiceType type = kube::ServiceType::kClusterIp) {
    kube::Service service;
    service.key = {std::string(name_space), std::string(name)};
    service.type = type;
    for (const auto& address : addresses)
        service.cluster_ips.push_back(base::IpAddress::parse(address).value());
    for (const auto& port : ports) {
        auto& made = service.ports.emplace_back();
        made.name = port.name;
        made.port = port.number;
        made.protocol = port.protocol;
    }
    cluster.put(std::move(service));
}

void put_slice(ZoneCluster& cluster, std::string_view service, std::string_view name,
               std::vector<std::string> endpoints, std::vector<EndpointPort> ports) {
    cluster.put(endpoint_slice(kSpace, service, name, std::move(endpoints), std::move(ports)));
}

void put_headless(ZoneCluster& cluster) {
    const EndpointPort postgres{"pg", L4Protocol::kTcp, 5432};
    const std::vector<EndpointPort> two = {{"a", L4Protocol::kTcp, 1000}, {"B", L4Protocol::kUdp, 2000}};
    for (const auto* name :
         {"db", "peers", "twins", "idle", "outside", "portless", "anyport", "v6only", "renamed"})
        cluster.put(headless_service(kSpace, name));
    auto tolerant = headless_service(kSpace, "tolerant");
    tolerant.publish_not_ready_addresses = true;
    cluster.put(std::move(tolerant));

    put_slice(cluster, "db", "db-4", {"db-0=10.64.1.1", "db-1=10.64.1.2", "!db-2=10.64.1.3"}, {postgres});
    put_slice(cluster, "db", "db-6", {"db-0=fd00:64::1"}, {postgres});
    put_slice(cluster, "peers", "peers-1", {"10.64.2.1", "10.64.2.2"}, two);
    put_slice(cluster, "peers", "peers-2", {"10.64.2.2"}, two);
    put_slice(cluster, "twins", "twins-1", {"twin=10.64.3.1", "twin=10.64.3.2"}, {postgres});
    put_slice(cluster, "idle", "idle-1", {"!10.64.4.1"}, {postgres});
    put_slice(cluster, "outside", "outside-1", {"192.0.2.10"}, {{"https", L4Protocol::kTcp, 8443}});
    put_slice(cluster, "portless", "portless-1", {"10.64.5.1"}, {});
    put_slice(cluster, "anyport", "anyport-1", {"10.64.5.2"}, {{"all", L4Protocol::kTcp, 0}});
    put_slice(cluster, "v6only", "v6only-1", {"fd00:64::", "fd00:64:0:1::2"}, {postgres});
    // Two sets of ports for the same Pods, as while a named port moves.
    put_slice(cluster, "renamed", "renamed-1", {"r=10.64.6.1", "10.64.6.2"}, {{"web", L4Protocol::kTcp, 80}});
    put_slice(cluster, "renamed", "renamed-2", {"r=10.64.6.1"},
              {{"web", L4Protocol::kTcp, 80}, {"alt", L4Protocol::kTcp, 80}});
    auto terminating = endpoint_slice(kSpace, "tolerant", "tolerant-1", {"10.64.7.1"}, {postgres});
    terminating.endpoints[0].serving = false;
    terminating.endpoints[0].terminating = true;
    cluster.put(std::move(terminating));
}

void put_external(ZoneCluster& cluster) {
    const std::vector<std::pair<std::string_view, std::string_view>> targets = {
        {"web", "www.Example.com"},
        {"dotted", "www.example.com."},
        {"alias", "cart.shop.svc.cluster.local"},
        {"alias-2", "alias.shop.svc.cluster.local"},
        {"alias-out", "web.shop.svc.cluster.local"},
        {"alias-db", "DB-0.db.shop.svc.cluster.local"},
        {"alias-pod", "10-64-1-1.shop.pod.cluster.local"},
        {"gone", "missing.shop.svc.cluster.local"},
        {"loop-a", "loop-b.shop.svc.cluster.local"},
        {"loop-b", "loop-a.shop.svc.cluster.local"},
        {"self", "self.shop.svc.cluster.local"},
        {"address", "192.0.2.1"},
        {"nothing", ""},
    };
    for (const auto& [name, target] : targets)
        cluster.put(external_service(kSpace, name, target));
    for (int i = 1; i < 13; ++i)
        cluster.put(external_service(kSpace, "chain-" + std::to_string(i),
                                     i == 12 ? std::string("cart.shop.svc.cluster.local")
                                             : "chain-" + std::to_string(i + 1) + ".shop.svc.cluster.local"));
}

}  // namespace

dns::ZoneOptions vector_options() {
    dns::ZoneOptions options;
    options.pod_names = dns::PodNames::kInsecure;
    return options;
}

void fill_vector_cluster(ZoneCluster& cluster) {
    for (const auto* name : {"shop", "empty", "kube-system"})
        cluster.put(name_space(name));
    put_cluster_ip(cluster, "kube-system", "kube-dns", {"10.96.0.10", "fd00:10:96::a"},
                   {{"dns", 53, L4Protocol::kUdp}, {"dns-tcp", 53}, {"metrics", 9153}});
    put_cluster_ip(cluster, kSpace, "cart", {"10.96.0.1"}, {{"http", 80}});
    put_cluster_ip(cluster, kSpace, "dual", {"10.96.0.2", "fd00:10:96::2"}, {{"http", 80}, {"Https", 443}});
    put_cluster_ip(cluster, kSpace, "plain", {"10.96.0.3"}, {{"", 5432}});
    put_cluster_ip(cluster, kSpace, "node", {"10.96.0.4"}, {{"http", 80}}, kube::ServiceType::kNodePort);
    put_cluster_ip(cluster, kSpace, "balanced", {"10.96.0.5"}, {{"http", 80}},
                   kube::ServiceType::kLoadBalancer);
    put_cluster_ip(cluster, kSpace, "v6", {"fd00:10:96::6"}, {{"sip", 5060, L4Protocol::kSctp}});
    put_cluster_ip(cluster, kSpace, "two-names", {"10.96.0.7"}, {{"http", 80}, {"web", 80}});
    put_cluster_ip(cluster, kSpace, "pending", {}, {{"http", 80}});
    put_slice(cluster, "cart", "cart-1", {"10.64.0.1", "cart-b=10.64.0.2", "!10.64.0.3"},
              {{"http", L4Protocol::kTcp, 8080}});
    put_slice(cluster, "dual", "dual-1", {"10.64.0.1", "10.96.0.1"}, {{"http", L4Protocol::kTcp, 8080}});
    put_slice(cluster, "absent", "absent-1", {"10.64.9.9"}, {{"http", L4Protocol::kTcp, 8080}});
    put_headless(cluster);
    put_external(cluster);
    cluster.apply();
    cluster.zone().set_synced();
}

}  // namespace fairlead::test
