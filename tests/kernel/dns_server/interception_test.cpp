#include "dns_server/interception.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "dns_server/dns_server.h"
#include "dns_server/interception_tables.h"
#include "kernel/dns_server/dns_world.h"
#include "kernel/dns_server/marking_handler.h"
#include "support/command.h"

namespace fairlead::dns_server {
namespace {

using namespace std::chrono_literals;
using base::Family;
using base::IpAddress;
using base::L4Protocol;
using test::output_of;
using testing::HasSubstr;

constexpr Family kFamilies[] = {Family::kIpv4, Family::kIpv6};
constexpr L4Protocol kProtocols[] = {L4Protocol::kUdp, L4Protocol::kTcp};

class InterceptionTest : public testing::Test {
  protected:
    /// Pod and node, both families, both transports.
    void expect_answers_from(std::string_view who) {
        for (const auto family : kFamilies)
            for (const auto protocol : kProtocols) {
                const auto& server = DnsWorld::service(family).address;
                const auto what = std::string(name_of(protocol)) + " to " + server.to_string();
                EXPECT_EQ(world_.pod_asks(protocol, server), who) << "Pod, " << what;
                EXPECT_EQ(DnsWorld::node_asks(protocol, server), who) << "node, " << what;
            }
    }

    DnsWorld world_;
};

TEST_F(InterceptionTest, ALivingServerAnswersAndConnectionTrackingKnowsNothing) {
    expect_answers_from("cluster");
    DnsWorld::forget_tracked();
    world_.start_agent();
    expect_answers_from("local");
    for (const auto family : kFamilies)
        EXPECT_EQ(DnsWorld::tracked(DnsWorld::service(family).address), 0) << name_of(family);
}

TEST_F(InterceptionTest, TheNextQueryAfterAKillGoesToTheClusterDnsAndARestartTakesOverAgain) {
    for (int life = 0; life < 3; ++life) {
        world_.start_agent();
        expect_answers_from("local");
        world_.kill_agent(SIGKILL);
        expect_answers_from("cluster");
    }
}

TEST_F(InterceptionTest, EachFirstQueryAfterAKillIsAnswered) {
    for (const auto family : kFamilies)
        for (const auto protocol : kProtocols) {
            const auto& server = DnsWorld::service(family).address;
            world_.start_agent();
            ASSERT_EQ(world_.pod_asks(protocol, server), "local");
            world_.kill_agent(SIGKILL);
            EXPECT_EQ(world_.pod_asks(protocol, server), "cluster") << server.to_string();
            world_.start_agent();
            ASSERT_EQ(DnsWorld::node_asks(protocol, server), "local");
            world_.kill_agent(SIGKILL);
            EXPECT_EQ(DnsWorld::node_asks(protocol, server), "cluster") << server.to_string();
        }
}

TEST_F(InterceptionTest, ASuspendedServerIsPassedOverOnceItsHeartbeatEnds) {
    world_.start_agent();
    expect_answers_from("local");
    world_.signal_agent(SIGSTOP);
    std::this_thread::sleep_for(kHeartbeatLife + 500ms);
    expect_answers_from("cluster");
    world_.signal_agent(SIGCONT);
    std::this_thread::sleep_for(500ms);
    expect_answers_from("local");
}

TEST_F(InterceptionTest, OtherPortsOfTheServiceAreTranslatedAsBefore) {
    const auto& service = DnsWorld::service(Family::kIpv4);
    for (const bool with_agent : {false, true}) {
        if (with_agent) world_.start_agent();
        for (const auto family : kFamilies) {
            const auto& server = DnsWorld::service(family).address;
            EXPECT_EQ(world_.pod_asks(L4Protocol::kTcp, server, 9153), "cluster");
            EXPECT_EQ(DnsWorld::node_asks(L4Protocol::kTcp, server, 9153), "cluster");
        }
    }
    EXPECT_GT(DnsWorld::tracked(service.address), 0);
}

TEST_F(InterceptionTest, PortsThatTheServiceDoesNotHaveAreRefusedThoughTheNodeListens) {
    world_.start_agent();
    WorkerOptions options;
    for (const auto* any : {"0.0.0.0", "::"})
        options.listen.push_back({{IpAddress::parse(any).value(), 8080}, false});
    auto stranger = *DnsServer::start(
        1, options, [](std::size_t) { return std::make_unique<MarkingHandler>("node"); },
        [](const std::string&) {});
    EXPECT_EQ(DnsWorld::node_asks(L4Protocol::kTcp, IpAddress{}, 8080), "node");
    for (const auto family : kFamilies)
        for (const auto protocol : kProtocols) {
            const auto& server = DnsWorld::service(family).address;
            EXPECT_EQ(world_.pod_asks(protocol, server, 8080), "Connection refused") << server.to_string();
            EXPECT_EQ(DnsWorld::node_asks(protocol, server, 8080), "Connection refused")
                << server.to_string();
        }
}

TEST_F(InterceptionTest, AMissingRouteSendsQueriesToTheClusterDns) {
    world_.start_agent();
    output_of("ip route del local 10.96.0.10 table local; ip -6 route del local fd00:96::a table local");
    expect_answers_from("cluster");
}

TEST_F(InterceptionTest, AFlushedRulesetIsRepairedAndWhatIsRightIsLeftAlone) {
    auto interception = *Interception::open();
    const std::vector<IpAddress> addresses = {DnsWorld::service(Family::kIpv4).address,
                                              DnsWorld::service(Family::kIpv6).address};
    EXPECT_EQ(interception.apply(addresses).value(), true);
    EXPECT_EQ(interception.apply(addresses).value(), false);
    const auto before = output_of("nft -s list ruleset | grep -v 'expires'; ip route show table local");
    for (const auto* damage :
         {"nft flush ruleset", "nft delete table ip fairlead-dns",
          "nft flush chain ip6 fairlead-dns intercept",
          "nft delete element ip fairlead-dns addresses '{ 10.96.0.10 }'",
          "nft add element ip fairlead-dns addresses '{ 10.0.0.1 }'",
          "ip route del local 10.96.0.10 table local", "ip -6 route del local fd00:96::a table local"}) {
        output_of(damage);
        EXPECT_EQ(interception.apply(addresses).value(), true) << damage;
        EXPECT_EQ(interception.apply(addresses).value(), false) << damage;
    }
    EXPECT_THAT(before, HasSubstr("tproxy to"));
    EXPECT_THAT(before, HasSubstr("local 10.96.0.10 dev lo"));
    EXPECT_THAT(before, HasSubstr("src 192.0.2.1"));
}

TEST_F(InterceptionTest, AWithdrawnServerStillRepliesUntrackedWhileNewQueriesGoToTheClusterDns) {
    auto interception = *Interception::open();
    const std::vector<IpAddress> addresses = {DnsWorld::service(Family::kIpv4).address,
                                              DnsWorld::service(Family::kIpv6).address};
    WorkerOptions options;
    for (const auto& address : addresses)
        options.listen.push_back({{address, kDnsPort}, true});
    auto server = *DnsServer::start(
        1, options, [](std::size_t) { return std::make_unique<MarkingHandler>("local"); },
        [](const std::string&) {});
    ASSERT_TRUE(interception.apply(addresses));
    expect_answers_from("local");
    ASSERT_TRUE(interception.withdraw());
    expect_answers_from("cluster");
    DnsWorld::forget_tracked();
    output_of(
        "python3 -c 'import socket\n"
        "for family, level, option, own, pod in ((2, 0, 19, \"10.96.0.10\", \"10.1.0.2\"), (10, 41, 75, "
        "\"fd00:96::a\", \"fd00:1::2\")):\n"
        "  late = socket.socket(family, 2)\n"
        "  late.setsockopt(level, option, 1)\n"
        "  late.setsockopt(1, 15, 1)\n"
        "  late.bind((own, 53))\n"
        "  late.sendto(b\"reply\", (pod, 5353))'");
    for (const auto* pod : {"10.1.0.2", "fd00:1::2"})
        EXPECT_EQ(DnsWorld::tracked(IpAddress::parse(pod).value()), 0) << pod;
    interception.beat();
    expect_answers_from("local");
    server->stop(1s, [] {});
    ASSERT_TRUE(interception.remove());
    ASSERT_TRUE(interception.withdraw()) << "nothing is there";
}

TEST_F(InterceptionTest, LeavesNothingWhenItIsRemoved) {
    output_of("nft flush ruleset");
    const auto before = output_of("nft list ruleset; ip route show table all; ip -6 route show table all");
    auto interception = *Interception::open();
    ASSERT_TRUE(interception.apply(
        {DnsWorld::service(Family::kIpv4).address, DnsWorld::service(Family::kIpv6).address}));
    ASSERT_TRUE(interception.remove());
    EXPECT_EQ(output_of("nft list ruleset; ip route show table all; ip -6 route show table all"), before);
    EXPECT_TRUE(interception.remove()) << "nothing is there";
}

}  // namespace
}  // namespace fairlead::dns_server
