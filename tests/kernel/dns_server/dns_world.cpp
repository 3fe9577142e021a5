#include "kernel/dns_server/dns_world.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "dns_server/dns_server.h"
#include "dns_server/interception.h"
#include "kernel/dns_server/marking_handler.h"
#include "support/addresses.h"
#include "support/command.h"

namespace fairlead::dns_server {

namespace {

using namespace std::chrono_literals;
using base::Family;
using base::IpAddress;
using base::L4Protocol;
using kernel::netns::Namespace;
using test::address;
using test::output_of;

std::string name_of_namespace(const char* role) {
    return "fl-dns-" + std::string(role) + "-" + std::to_string(getpid());
}

/// Makes a namespace at the other end of a cable: the node is .1 and ::1 of its network, the Pod .2 and ::2.
Namespace make_pod(const char* role, const std::string& ipv4, const std::string& ipv6) {
    const auto name = name_of_namespace(role);
    EXPECT_TRUE(kernel::netns::create(name));
    const auto device = std::string("to-") + role;
    // Else the first packet would wait for a second until nobody else claims the link-local addresses.
    const std::string no_duplicate_check =
        "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0";
    output_of(no_duplicate_check + " && ip netns exec " + name + " " + no_duplicate_check);
    output_of("ip link add " + device + " type veth peer name eth0 netns " + name + " && ip link set " +
              device + " up && ip address add " + ipv4 + "1/24 dev " + device + " && ip -6 address add " +
              ipv6 + "1/64 dev " + device + " nodad");
    output_of("ip -n " + name + " link set lo up && ip -n " + name + " link set eth0 up && ip -n " + name +
              " address add " + ipv4 + "2/24 dev eth0 && ip -n " + name + " -6 address add " + ipv6 +
              "2/64 dev eth0 nodad && ip -n " + name + " route add default via " + ipv4 + "1 && ip -n " +
              name + " -6 route add default via " + ipv6 + "1");
    return *Namespace::open(name);
}

constexpr const char* kServiceRules = R"(
table inet service {
  chain translate {
    ip daddr 10.96.0.10 udp dport 53 dnat ip to 10.2.0.2:53
    ip daddr 10.96.0.10 tcp dport { 53, 9153 } dnat ip to 10.2.0.2
    ip6 daddr fd00:96::a udp dport 53 dnat ip6 to [fd00:2::2]:53
    ip6 daddr fd00:96::a tcp dport { 53, 9153 } dnat ip6 to fd00:2::2
  }
  chain prerouting { type nat hook prerouting priority -100; jump translate; }
  chain output { type nat hook output priority -100; jump translate; }
})";

std::vector<ListenAddress> listen_at(const std::vector<IpAddress>& addresses, std::uint16_t port) {
    std::vector<ListenAddress> all;
    for (const auto& it : addresses)
        all.push_back({{it, port}, true});
    return all;
}

std::string ask(L4Protocol protocol, const IpAddress& server, std::uint16_t port) {
    return protocol == L4Protocol::kUdp ? test::ask_udp(server, port) : test::ask_tcp(server, port);
}

/// The life of the agent's process; tells `ready_fd` when it answers.
[[noreturn]] void be_agent(int ready_fd) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::vector<IpAddress> addresses = {DnsWorld::service(Family::kIpv4).address,
                                              DnsWorld::service(Family::kIpv6).address};
    WorkerOptions options;
    options.listen = listen_at(addresses, 53);
    auto server = DnsServer::start(
        2, options, [](std::size_t) { return std::make_unique<MarkingHandler>("local"); },
        [](const std::string&) {});
    auto interception = Interception::open();
    const auto applied = interception->apply(addresses);
    if (!server || !applied) {
        const auto& why = !server ? server.error().message : applied.error().message;
        std::fputs(why.c_str(), stderr);
        _exit(1);
    }
    if (write(ready_fd, "r", 1) != 1) _exit(1);
    while (true) {
        if ((*server)->responds()) interception->beat();
        std::this_thread::sleep_for(200ms);
    }
}

}  // namespace

const DnsService& DnsWorld::service(Family family) {
    static const DnsService kIpv4{address("10.96.0.10"), address("10.2.0.2")};
    static const DnsService kIpv6{address("fd00:96::a"), address("fd00:2::2")};
    return family == Family::kIpv4 ? kIpv4 : kIpv6;
}

DnsWorld::DnsWorld()
    : pod_(make_pod("pod", "10.1.0.", "fd00:1::")), cluster_dns_(make_pod("dns", "10.2.0.", "fd00:2::")) {
    output_of(
        "ip link add uplink type veth peer name beyond && ip link set uplink up && ip link set beyond up && "
        "ip address add 192.0.2.1/24 dev uplink && "
        "ip route add default via 192.0.2.254 && ip -6 address add 2001:db8::1/64 dev uplink nodad && "
        "ip -6 route add default via 2001:db8::ff");
    output_of(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=1 "
        "net.ipv4.conf.to-pod.rp_filter=1 net.ipv4.conf.to-dns.rp_filter=1");
    output_of(std::string("nft -f - <<'END'\n") + kServiceRules + "\nEND\n");
    std::promise<void> ready;
    servers_.emplace_back([this, &ready] {
        EXPECT_TRUE(kernel::netns::enter(cluster_dns_));
        WorkerOptions options;
        for (const auto port : {std::uint16_t{53}, std::uint16_t{9153}})
            for (const auto* any : {"0.0.0.0", "::"})
                options.listen.push_back({{address(any), port}, false});
        auto server = DnsServer::start(
            1, options, [](std::size_t) { return std::make_unique<MarkingHandler>("cluster"); },
            [](const std::string&) {});
        EXPECT_TRUE(server) << server.error().message;
        ready.set_value();
        while (!stop_)
            std::this_thread::sleep_for(10ms);
    });
    ready.get_future().wait();
}

DnsWorld::~DnsWorld() {
    if (agent_ > 0) kill_agent(SIGKILL);
    stop_ = true;
    for (auto& server : servers_)
        server.join();
    for (const auto* role : {"pod", "dns"})
        EXPECT_TRUE(kernel::netns::remove(name_of_namespace(role)));
    output_of("ip link del to-pod; ip link del to-dns; ip link del uplink; nft flush ruleset");
    EXPECT_TRUE(Interception::open()->remove());
}

void DnsWorld::in_pod(const std::function<void()>& work) {
    EXPECT_TRUE(kernel::netns::run_in_thread(pod_, work));
}

std::string DnsWorld::pod_asks(L4Protocol protocol, const IpAddress& server, std::uint16_t port) {
    std::string answer;
    in_pod([&] { answer = ask(protocol, server, port); });
    return answer;
}

std::string DnsWorld::node_asks(L4Protocol protocol, const IpAddress& server, std::uint16_t port) {
    return ask(protocol, server, port);
}

int DnsWorld::tracked(const IpAddress& it) {
    const auto family = it.family() == Family::kIpv4 ? "ipv4" : "ipv6";
    return std::stoi(output_of(std::string("conntrack -L -f ") + family + " -d " + it.to_string() +
                               " 2>/dev/null | wc -l"));
}

void DnsWorld::forget_tracked() {
    output_of("conntrack -F -f ipv4 2>/dev/null; conntrack -F -f ipv6 2>/dev/null");
}

void DnsWorld::start_agent() {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    agent_ = fork();
    ASSERT_GE(agent_, 0);
    if (agent_ == 0) be_agent(ready[1]);
    close(ready[1]);
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1) << "the agent ended";
    close(ready[0]);
}

void DnsWorld::signal_agent(int signal) const {
    kill(agent_, signal);
}

void DnsWorld::kill_agent(int signal) {
    signal_agent(signal);
    waitpid(std::exchange(agent_, -1), nullptr, 0);
}

}  // namespace fairlead::dns_server
