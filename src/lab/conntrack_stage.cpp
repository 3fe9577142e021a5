#include "lab/conntrack_stage.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "kernel/conntrack/netlink_conntrack_table.h"
#include "kernel/netns/namespaces.h"
#include "kernel/nftables/rule_counts.h"
#include "lab/case_pods.h"
#include "lab/http_probe.h"
#include "lab/manifest_writer.h"
#include "services/invalid_guard.h"
#include "services/layout.h"

namespace fairlead::lab {

namespace {

namespace netns = kernel::netns;
using base::Family;
using base::Result;

constexpr std::uint16_t kServicePort = 80;
constexpr std::uint16_t kServerPort = 8080;

/// The same for every node: each serves its own.
AddressPair service_addresses() {
    return {base::IpAddress::parse("10.96.0.80").value(), base::IpAddress::parse("fd00:10:96::80").value()};
}

const base::IpAddress& of_family(const AddressPair& pair, Family family) {
    return family == Family::kIpv4 ? pair.ipv4 : pair.ipv6;
}

kube::EndpointSlice slice_of(const kube::Service& service, const base::IpAddress& endpoint) {
    kube::EndpointSlice slice;
    slice.key = {service.key.namespace_name,
                 service.key.name + (endpoint.family() == Family::kIpv4 ? "-4" : "-6")};
    slice.service_name = service.key.name;
    slice.family = endpoint.family();
    slice.ports = {{"http", base::L4Protocol::kTcp, kServerPort}};
    slice.endpoints = {{endpoint, 0, 0, true, true, false}};
    return slice;
}

kube::ManifestFiles::Objects objects_of(const AddressPair& server) {
    kube::Service service;
    service.key = {"case", "store"};
    const auto addresses = service_addresses();
    service.cluster_ips = {addresses.ipv4, addresses.ipv6};
    service.ip_families = {Family::kIpv4, Family::kIpv6};
    service.ports = {{"http", base::L4Protocol::kTcp, kServicePort, 0, kServerPort, ""}};
    kube::ManifestFiles::Objects objects;
    objects.services = {service};
    objects.slices = {slice_of(service, server.ipv4), slice_of(service, server.ipv6)};
    return objects;
}

Result<int> listen_here() {
    constexpr int kBacklog = 16;
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return base::fail_errno(errno, "socket");
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(kServerPort);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 && listen(fd, kBacklog) == 0)
        return fd;
    const int failure = errno;
    close(fd);
    return base::fail_errno(failure, "port " + std::to_string(kServerPort));
}

Result<std::uint64_t> read_guard() {
    FAIRLEAD_TRY(auto rules, kernel::nftables::RuleCounts::open());
    std::uint64_t sum = 0;
    for (const auto family : {Family::kIpv4, Family::kIpv6})
        for (const auto& [chain, hook] : services::guarded_hooks()) {
            FAIRLEAD_TRY(const auto counts, rules.of_chain(family, services::kTableName, chain));
            if (counts) sum += counts->packets;
        }
    return sum;
}

Result<NodeCounts> counts_here() {
    FAIRLEAD_TRY(auto table, kernel::conntrack::NetlinkConntrackTable::open());
    NodeCounts counts;
    FAIRLEAD_TRY(counts.entries, table.count());
    FAIRLEAD_TRY(const auto cpus, table.stats());
    for (const auto& cpu : cpus) {
        counts.invalid += cpu.invalid.value_or(0);
        counts.dropped += cpu.drop.value_or(0);
    }
    FAIRLEAD_TRY(counts.dropped_by_guard, read_guard());
    return counts;
}

}  // namespace

NodeCounts operator-(const NodeCounts& later, const NodeCounts& earlier) {
    return {later.entries, later.invalid - earlier.invalid, later.dropped - earlier.dropped,
            later.dropped_by_guard - earlier.dropped_by_guard};
}

ConntrackStage::ConntrackStage(std::string lab, std::string node, unsigned number)
    : lab_(std::move(lab)), node_(std::move(node)), number_(number) {}

ConntrackStage::~ConntrackStage() {
    if (listener_ >= 0) close(listener_);
}

Result<void> ConntrackStage::set_up(Network& network, const std::string& program,
                                    const std::vector<std::string>& agent_options) {
    const auto client = case_pod(node_, number_, kCaseClientHost, "client");
    const auto server = case_pod(node_, number_, kCaseServerHost, "server");
    FAIRLEAD_CHECK(network.add_pod(client, number_));
    FAIRLEAD_CHECK(network.add_pod(server, number_));
    client_netns_ = network.namespace_of(client);
    server_netns_ = network.namespace_of(server);
    FAIRLEAD_TRY(listener_, netns::run_in(server_netns_, listen_here));
    FAIRLEAD_CHECK(start_agent(program, agent_options));
    return wait_for_service();
}

base::SocketAddress ConntrackStage::service(Family family) const {
    return {of_family(service_addresses(), family), kServicePort};
}

base::SocketAddress ConntrackStage::endpoint(Family family) const {
    return {of_family(pod_address(number_, kCaseServerHost), family), kServerPort};
}

Result<NodeCounts> ConntrackStage::counts() const {
    return netns::run_in(node_netns(), counts_here);
}

Result<void> ConntrackStage::set_sysctl(const std::string& name, const std::string& value) const {
    return netns::run_in(node_netns(), [&] { return netns::set_sysctl(name, value); });
}

Result<void> ConntrackStage::start_agent(const std::string& program,
                                         const std::vector<std::string>& options) {
    const StatePaths paths{lab_};
    const auto manifests = paths.scratch + "/" + node_;
    std::error_code failure;
    std::filesystem::create_directories(manifests, failure);
    FAIRLEAD_CHECK(write_atomically(manifests + "/store.json",
                                    to_manifest(objects_of(pod_address(number_, kCaseServerHost)))));
    const auto both = [](const PrefixPair& pair) {
        return pair.ipv4.to_string() + "," + pair.ipv6.to_string();
    };
    std::vector<std::string> arguments = {"--node",         node_,
                                          "--manifests",    manifests,
                                          "--cluster-cidr", both(pod_range()),
                                          "--service-cidr", both(service_range())};
    arguments.insert(arguments.end(), options.begin(), options.end());
    agent_ = std::make_unique<AgentProcess>(program, node_netns(), paths.logs + "/" + node_ + ".log");
    return agent_->start(arguments);
}

Result<void> ConntrackStage::wait_for_service() {
    constexpr auto kPatience = std::chrono::seconds(30);
    constexpr auto kPause = std::chrono::milliseconds(5);
    constexpr double kFrontends = 2;  // one of each family
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
        const auto metrics = agent_->metrics();
        if (metrics && metric_sum(*metrics, "fairlead_frontends") >= kFrontends) return {};
        if (!metrics && metrics.error().code == base::ErrorCode::kInternal)
            return std::unexpected(metrics.error());
        if (std::chrono::steady_clock::now() > end)
            return base::fail(base::ErrorCode::kUnavailable, node_ + ": no Service after 30 s");
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace fairlead::lab
