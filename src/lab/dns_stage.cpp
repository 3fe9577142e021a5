#include "lab/dns_stage.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "dns/dns_config.h"
#include "kernel/netns/namespaces.h"
#include "lab/case_pods.h"
#include "lab/manifest_writer.h"
#include "lab/state.h"

namespace fairlead::lab {

namespace {

using base::Result;

constexpr std::uint16_t kStorePort = 80;
constexpr const char* kClusterDnsNode = "cluster-dns";
constexpr unsigned kClusterDnsNumber = 3;
constexpr const char* kSearchDomainOfNodes = "corp.example";

/// Of a way: the name and number of its node.
std::string node_of(DnsStage::Way way) {
    return way == DnsStage::Way::kPlain ? "plain" : "fairlead";
}
unsigned number_of(DnsStage::Way way) {
    return way == DnsStage::Way::kPlain ? 1 : 2;
}

kube::Pod client_pod(DnsStage::Way way) {
    auto pod = case_pod(node_of(way), number_of(way), kCaseClientHost, "client");
    pod.ready = true;
    return pod;
}

std::string node_resolv_conf() {
    return "nameserver " + client_address().ipv4.to_string() + "\nsearch " + kSearchDomainOfNodes + "\n";
}

kube::Service service_at(const kube::ObjectKey& key, std::string_view cluster_ip,
                         std::vector<kube::ServicePort> ports) {
    kube::Service service;
    service.key = key;
    service.cluster_ips = {base::IpAddress::parse(cluster_ip).value()};
    service.ip_families = {base::Family::kIpv4};
    service.ports = std::move(ports);
    return service;
}

constexpr const char* kClusterDnsAddress = "10.96.0.10";

kube::Service cluster_dns_service() {
    return service_at({"kube-system", "kube-dns"}, kClusterDnsAddress,
                      {{"dns", base::L4Protocol::kUdp, dns::kDnsPort, 0, dns::kDnsPort, ""},
                       {"dns-tcp", base::L4Protocol::kTcp, dns::kDnsPort, 0, dns::kDnsPort, ""}});
}

kube::EndpointSlice cluster_dns_slice() {
    kube::EndpointSlice slice;
    slice.key = {"kube-system", "kube-dns"};
    slice.service_name = slice.key.name;
    slice.ports = {{"dns", base::L4Protocol::kUdp, dns::kDnsPort},
                   {"dns-tcp", base::L4Protocol::kTcp, dns::kDnsPort}};
    slice.endpoints = {{node_address(kClusterDnsNumber).ipv4, 0, 0, true, true, false}};
    return slice;
}

kube::ManifestFiles::Objects dns_objects() {
    const std::vector<kube::ServicePort> http = {
        {"http", base::L4Protocol::kTcp, kStorePort, 0, kStorePort, ""}};
    kube::ManifestFiles::Objects objects;
    for (const auto* name : {"case", "shop", "kube-system"})
        objects.namespaces.push_back({{"", name}, {}});
    objects.pods = {client_pod(DnsStage::Way::kPlain), client_pod(DnsStage::Way::kFairlead)};
    objects.services = {cluster_dns_service(), service_at({"case", "store"}, "10.96.0.80", http),
                        service_at({"shop", "store"}, "10.96.0.81", http)};
    objects.slices = {cluster_dns_slice()};
    return objects;
}

/// What kubelet writes into the client Pods' resolv.conf; both have the same.
Result<ResolverOptions> resolver_of_pods() {
    dns::KubeletDns kubelet;
    kubelet.cluster_dns = {kClusterDnsAddress};
    kubelet.node = dns::read_as_kubelet(node_resolv_conf());
    const auto settings = dns::resolver_settings_of(client_pod(DnsStage::Way::kPlain), kubelet);
    if (!settings) return base::fail(base::ErrorCode::kInternal, "dnsPolicy of the case's Pods");
    FAIRLEAD_TRY(auto options, resolver_options(*settings));
    options.timeout = std::chrono::seconds(1);
    return options;
}

std::vector<std::string> dns_options(const StatePaths& paths, std::vector<std::string> more) {
    more.insert(more.end(), {"--dns-resolv-conf", paths.scratch + "/resolv.conf"});
    return more;
}

std::string both(const PrefixPair& pair) {
    return pair.ipv4.to_string() + "," + pair.ipv6.to_string();
}

}  // namespace

DnsStage::DnsStage(std::string lab, std::string program)
    : lab_(std::move(lab)), program_(std::move(program)), network_(lab_) {}

std::string DnsStage::netns(Way way) const {
    return network_.namespace_of(client_pod(way));
}

base::IpAddress DnsStage::client(Way way) const {
    return client_pod(way).pod_ips.front();
}

DnsTap& DnsStage::tap_at_client(Way way) {
    return way == Way::kPlain ? *plain_tap_ : *fairlead_tap_;
}

Result<void> DnsStage::set_up() {
    FAIRLEAD_TRY(resolver_, resolver_of_pods());
    FAIRLEAD_CHECK(write_files());
    FAIRLEAD_CHECK(network_.build({node_of(Way::kPlain), node_of(Way::kFairlead), kClusterDnsNode}));
    for (const auto way : {Way::kPlain, Way::kFairlead})
        FAIRLEAD_CHECK(network_.add_pod(client_pod(way), number_of(way)));
    FAIRLEAD_TRY(outside_, OutsideDns::start(machine_namespace(lab_, kClientName), client_address().ipv4));
    const auto listen = node_address(kClusterDnsNumber).ipv4.to_string() + ":53";
    FAIRLEAD_TRY(
        cluster_dns_,
        launch(kClusterDnsNode, dns_options(StatePaths{lab_}, {"--dns-mode", "bind", "--dns-listen", listen,
                                                               "--dns-search-collapse", "off"})));
    FAIRLEAD_TRY(plain_, launch(node_of(Way::kPlain), {}));
    FAIRLEAD_CHECK(start_agent());
    FAIRLEAD_CHECK(open_taps());
    return wait_for_names();
}

Result<void> DnsStage::write_files() {
    const StatePaths paths{lab_};
    std::error_code failure;
    std::filesystem::create_directories(paths.scratch + "/objects", failure);
    FAIRLEAD_CHECK(write_atomically(paths.scratch + "/resolv.conf", node_resolv_conf()));
    return write_atomically(paths.scratch + "/objects/all.json", to_manifest(dns_objects()));
}

Result<std::unique_ptr<AgentProcess>> DnsStage::launch(const std::string& node,
                                                       const std::vector<std::string>& options) {
    const StatePaths paths{lab_};
    std::vector<std::string> arguments = {"--node",         node,
                                          "--manifests",    paths.scratch + "/objects",
                                          "--cluster-cidr", both(pod_range()),
                                          "--service-cidr", both(service_range())};
    arguments.insert(arguments.end(), options.begin(), options.end());
    auto agent = std::make_unique<AgentProcess>(program_, machine_namespace(lab_, node),
                                                paths.logs + "/" + node + ".log");
    FAIRLEAD_CHECK(agent->start(arguments));
    return agent;
}

Result<void> DnsStage::start_agent() {
    FAIRLEAD_TRY(fairlead_,
                 launch(node_of(Way::kFairlead), dns_options(StatePaths{lab_}, {"--dns-mode", "intercept"})));
    return {};
}

Result<void> DnsStage::open_taps() {
    FAIRLEAD_TRY(plain_tap_, DnsTap::open(netns(Way::kPlain)));
    FAIRLEAD_TRY(fairlead_tap_, DnsTap::open(netns(Way::kFairlead)));
    FAIRLEAD_TRY(cluster_dns_tap_, DnsTap::open(machine_namespace(lab_, kClusterDnsNode)));
    return {};
}

Result<Lookup> DnsStage::look_up(Way way) const {
    StubResolver resolver{resolver_};
    return kernel::netns::run_in(netns(way), [&] { return resolver.look_up(outside_name(0)); });
}

Result<bool> DnsStage::collapses() {
    constexpr unsigned kQueriesOfCollapsed = 2;
    FAIRLEAD_TRY(const auto lookup, look_up(Way::kFairlead));
    for (auto* agent : {plain_.get(), fairlead_.get(), cluster_dns_.get()})
        if (const auto metrics = agent->metrics();
            !metrics && metrics.error().code == base::ErrorCode::kInternal)
            return std::unexpected(metrics.error());
    return lookup.end == dns::WalkEnd::kFound && lookup.queries == kQueriesOfCollapsed;
}

Result<void> DnsStage::wait_for_names() {
    constexpr auto kPatience = std::chrono::seconds(40);
    constexpr auto kPause = std::chrono::milliseconds(50);
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        FAIRLEAD_TRY(const auto plain, look_up(Way::kPlain));
        FAIRLEAD_TRY(const auto collapsed, collapses());
        if (plain.end == dns::WalkEnd::kFound && collapsed) return {};
        std::this_thread::sleep_for(kPause);
    }
    return base::fail(base::ErrorCode::kUnavailable,
                      "names are not found, or not at the first query, after 40 s");
}

}  // namespace fairlead::lab
