#include "kernel/random_state/packet_world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>

#include "kernel/random_state/talk.h"
#include "support/addresses.h"
#include "support/command.h"

namespace fairlead::test {

namespace {

using test::address;

using base::Family;
using base::IpAddress;
using base::L4Protocol;

constexpr Family kFamilies[] = {Family::kIpv4, Family::kIpv6};
constexpr std::size_t kNodeNamespace = 0;
constexpr std::size_t kOutsideNamespace = PacketWorld::kPods + 1;
constexpr const char* kOutsideAddresses[] = {"198.51.100.2", "198.51.7.2", "198.18.0.9", "fd00:3::2",
                                             "fd00:9::2"};
constexpr const char* kNodeAddresses[] = {"172.18.0.11", "203.0.113.1", "fd00:172::11"};

/// Of the calling thread; handed on to commands, which find it below /proc.
Descriptor own_namespace() {
    return Descriptor{open("/proc/thread-self/ns/net", O_RDONLY)};
}

void enter(const Descriptor& network_namespace) {
    ASSERT_EQ(setns(network_namespace.fd(), CLONE_NEWNET), 0) << std::strerror(errno);
}

std::string path_of(const Descriptor& network_namespace) {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(network_namespace.fd());
}

std::string pod_address(Family family, int pod) {
    if (family == Family::kIpv4) return "10.64.0." + std::to_string(pod);
    return "fd00:64::" + std::to_string(pod);
}

/// No waiting for duplicate addresses, no limit on ICMP errors, forwarding.
constexpr const char* kSysctls =
    "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 "
    "net.ipv6.conf.default.dad_transmits=0 net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_ratemask=0 "
    "net.ipv6.icmp.ratelimit=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
    "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0\n";

/// Lines of `ip` for one end of a veth: its addresses, and the way to all else through the node.
std::string far_end(const std::vector<std::string>& addresses) {
    std::string script = "link set lo up\nlink set eth0 up\n";
    for (const auto& each : addresses)
        script += "address add " + each + (each.contains(':') ? "/128 nodad" : "/32") + " dev eth0\n";
    return script +
           "route add 10.64.0.254 dev eth0\nroute add default via 10.64.0.254\n"
           "route add fd00:64::fe dev eth0\nroute add default via fd00:64::fe\n";
}

/// Connects the node to the namespace at `path`.
std::string near_end(const std::string& device, const std::string& path,
                     const std::vector<std::string>& addresses) {
    std::string script = "link add " + device + " type veth peer name eth0 netns " + path + "\nlink set " +
                         device + " up\naddress add 10.64.0.254/32 dev " + device +
                         "\naddress add fd00:64::fe/128 nodad dev " + device + "\n";
    for (const auto& each : addresses)
        script += "route add " + each + " dev " + device + "\n";
    return script;
}

void run_ip(const std::string& lines, const std::string& inside = "") {
    output_of(inside + "ip -batch - <<'END'\n" + lines + "END");
}

}  // namespace

struct PacketWorld::State {
    std::vector<Descriptor> namespaces;  // the node, pods, the outside
    std::vector<Server> servers;
    std::vector<Client> clients;
    /// Of each client's own: one that came again while conntrack remembers it (SYN_SENT and TIME_WAIT: 120 s)
    /// would go where the earlier connection went.
    std::map<base::IpAddress, std::uint16_t> next_ports;

    static constexpr std::uint16_t kFirstPort = 10'000;
    static constexpr std::uint16_t kLastPort = 29'999;  // none of a NodePort

    void add_namespace(const std::string& device, const std::vector<std::string>& addresses) {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        namespaces.push_back(own_namespace());
        output_of(kSysctls);
        enter(namespaces.front());
        const auto path = path_of(namespaces.back());
        run_ip(near_end(device, path, addresses));
        run_ip(far_end(addresses), "nsenter --net=" + path + " ");
    }

    void serve(int pod) {
        enter(namespaces[static_cast<std::size_t>(pod)]);
        for (const auto family : kFamilies)
            for (const auto& [protocol, port] : {std::pair{L4Protocol::kTcp, std::uint16_t{8080}},
                                                 {L4Protocol::kTcp, 8081},
                                                 {L4Protocol::kUdp, 5353}}) {
                const auto here = address(pod_address(family, pod));
                servers.push_back(
                    {open_socket(protocol, here, port), protocol, base::format_endpoint(here, port)});
                EXPECT_EQ(begin_listening(servers.back()), 0);
            }
        enter(namespaces.front());
    }

    Attempt start(const Probe& probe) {
        enter(namespaces[probe.client.network_namespace]);
        auto& port = next_ports.try_emplace(probe.client.address, kFirstPort).first->second;
        auto attempt = begin_attempt(probe, port);
        enter(namespaces.front());
        port = port == kLastPort ? kFirstPort : static_cast<std::uint16_t>(port + 1);
        return attempt;
    }

    /// One turn of the servers and of those who wait for an answer.
    void turn(std::vector<Attempt>& attempts, int milliseconds) {
        std::vector<pollfd> polled;
        for (const auto& server : servers)
            polled.push_back({server.socket.fd(), POLLIN, 0});
        for (const auto& attempt : attempts)
            polled.push_back({attempt.done ? -1 : attempt.socket.fd(), POLLIN, 0});
        poll(polled.data(), polled.size(), milliseconds);
        for (std::size_t i = 0; i < servers.size(); ++i)
            if (polled[i].revents != 0) answer(servers[i]);
        for (std::size_t i = 0; i < attempts.size(); ++i)
            if (polled[servers.size() + i].revents != 0) look_at(attempts[i]);
    }
};

PacketWorld::PacketWorld() : state_(std::make_unique<State>()) {
    auto& state = *state_;
    state.namespaces.push_back(own_namespace());
    output_of(kSysctls);
    // Nobody is at its other end, and nobody asks who is.
    std::string own =
        "link add sink type veth peer name nowhere\nlink set nowhere up\nlink set sink arp off up\n";
    for (const auto* each : kNodeAddresses)
        own += std::string("address add ") + each +
               (address(each).family() == Family::kIpv4 ? "/32" : "/128 nodad") + " dev sink\n";
    run_ip(own + "route add default dev sink\nroute add ::/0 dev sink\n");
    for (int pod = 1; pod <= kPods; ++pod) {
        state.add_namespace("pod" + std::to_string(pod),
                            {pod_address(Family::kIpv4, pod), pod_address(Family::kIpv6, pod)});
        state.serve(pod);
    }
    state.add_namespace("outside", {std::begin(kOutsideAddresses), std::end(kOutsideAddresses)});
    for (const auto family : kFamilies)
        for (const int pod : {1, 2, 7})
            state.clients.push_back(
                {Place::kPod, static_cast<std::size_t>(pod), address(pod_address(family, pod))});
    for (const auto* each : {"172.18.0.11", "fd00:172::11"})
        state.clients.push_back({Place::kNode, kNodeNamespace, address(each)});
    for (const auto* each : kOutsideAddresses)
        state.clients.push_back({Place::kOutside, kOutsideNamespace, address(each)});
}

PacketWorld::~PacketWorld() {
    output_of("ip link delete sink");
}

std::span<const Client> PacketWorld::clients() const {
    return state_->clients;
}

std::string PacketWorld::node_towards_pods(Family family) {
    return family == Family::kIpv4 ? "10.64.0.254" : "fd00:64::fe";
}

bool PacketWorld::is_of_node(const IpAddress& wanted) {
    for (const auto* each : kNodeAddresses)
        if (address(each) == wanted) return true;
    return false;
}

std::vector<Outcome> PacketWorld::try_out(std::span<const Probe> probes, const std::vector<bool>& patient) {
    using Clock = std::chrono::steady_clock;
    constexpr auto kPatience = std::chrono::seconds(10);
    constexpr auto kMoment = std::chrono::milliseconds(20);
    std::vector<Attempt> attempts;
    for (const auto& probe : probes)
        attempts.push_back(state_->start(probe));
    const auto waits = [&] {
        for (std::size_t i = 0; i < attempts.size(); ++i)
            if (patient[i] && !attempts[i].done) return true;
        return false;
    };
    for (const auto end = Clock::now() + kPatience; waits() && Clock::now() < end;)
        state_->turn(attempts, 100);
    for (const auto end = Clock::now() + kMoment; Clock::now() < end;)
        state_->turn(attempts, 5);
    std::vector<Outcome> outcomes;
    for (auto& attempt : attempts)
        outcomes.push_back(std::move(attempt.outcome));
    return outcomes;
}

}  // namespace fairlead::test
