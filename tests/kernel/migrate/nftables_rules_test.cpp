#include "migrate/nftables_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"

// kube-proxy's table as stock nft makes it, in the shapes of several versions.
namespace fairlead::migrate {
namespace {

using base::Family;
using base::IpAddress;
using base::L4Protocol;
using kernel::nftables::NetlinkNftTables;
using test::output_of;
using testing::ElementsAre;
using testing::IsEmpty;

services::Frontend frontend(std::string_view address, L4Protocol protocol, std::uint16_t port) {
    return {*IpAddress::parse(address), protocol, port};
}

services::Backend backend(std::string_view address, std::uint16_t port) {
    return {*IpAddress::parse(address), port};
}

class NftablesRulesTest : public testing::Test {
  protected:
    ~NftablesRulesTest() override { output_of("nft flush ruleset"); }

    std::optional<KubeProxyRules> read(Family family, const std::string& table) {
        output_of("nft -f - <<'END'\n" + table + "\nEND");
        auto rules = read_nftables_rules(tables_, family);
        EXPECT_TRUE(rules) << rules.error().message;
        return rules ? *rules : std::nullopt;
    }

    NetlinkNftTables tables_ = *NetlinkNftTables::open();
};

TEST_F(NftablesRulesTest, AreNoneWithoutATable) {
    EXPECT_FALSE(*read_nftables_rules(tables_, Family::kIpv4));
    EXPECT_TRUE(remove_nftables_rules(tables_, Family::kIpv4));
}

TEST_F(NftablesRulesTest, HaveEndpointsInAMapWithoutNameOrInTheRuleItself) {
    const auto rules = read(Family::kIpv4, R"(table ip kube-proxy {
  set nodeport-ips { type ipv4_addr; elements = { 192.0.2.1 }; }
  map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
  map service-nodeports { type inet_proto . inet_service : verdict; }
  map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.12 . udp . 53 : drop }; }
  chain services { ip daddr 10.96.0.0/16 meta mark set mark or 0x4000 comment "masquerade all clusterIP traffic"
    ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports; }
  chain service-JSNFLKCE-shop/cart/tcp/http {
    meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.64.1.2 . 8080, 1 : 10.64.2.2 . 8081 }; }
  chain external-JSNFLKCE-shop/cart/tcp/http { meta mark set mark or 0x4000; goto service-JSNFLKCE-shop/cart/tcp/http; }
  chain service-ARNXAP4F-shop/till/udp/ { meta l4proto udp dnat to 10.64.1.3:5300; }
}
add element ip kube-proxy service-ips { 10.96.0.10 . tcp . 80 : goto service-JSNFLKCE-shop/cart/tcp/http,
  10.96.0.11 . udp . 53 : goto service-ARNXAP4F-shop/till/udp/ }
add element ip kube-proxy service-nodeports { tcp . 30080 : goto external-JSNFLKCE-shop/cart/tcp/http })");
    ASSERT_TRUE(rules);
    const Target cart{"shop/cart:http", {backend("10.64.1.2", 8080), backend("10.64.2.2", 8081)}};
    EXPECT_EQ(rules->frontends,
              (std::map<services::Frontend, Target>{
                  {frontend("10.96.0.10", L4Protocol::kTcp, 80), cart},
                  {frontend("10.96.0.11", L4Protocol::kUdp, 53), {"shop/till", {backend("10.64.1.3", 5300)}}},
                  {frontend("10.96.0.12", L4Protocol::kUdp, 53), {}}}));
    EXPECT_EQ(rules->node_ports, (std::map<NodePort, Target>{{{L4Protocol::kTcp, 30080}, cart}}));
    EXPECT_THAT(rules->node_port_addresses, ElementsAre(*IpAddress::parse("192.0.2.1")));
    EXPECT_FALSE(rules->node_ports_everywhere);
    EXPECT_TRUE(rules->masquerades_all);
}

TEST_F(NftablesRulesTest, HaveEndpointsInTheNamesOfChains) {
    const auto rules = read(Family::kIpv6, R"(table ip6 kube-proxy {
  map service-ips { type ipv6_addr . inet_proto . inet_service : verdict; }
  map service-nodeports { type inet_proto . inet_service : verdict; }
  chain services { fib daddr type local ip6 daddr != ::1 meta l4proto . th dport vmap @service-nodeports; }
  chain endpoint-5OJB2KTY-shop/cart/tcp/http__fd00.64..2/8080 { meta l4proto tcp dnat to [fd00:64::2]:8080; }
  chain endpoint-6OJB2KTY-shop/cart/tcp/http__fd00.64..3/8080 { meta l4proto tcp dnat to [fd00:64::3]:8080; }
  chain service-ULMVA6XW-shop/cart/tcp/http {
    numgen random mod 2 vmap { 0 : goto endpoint-5OJB2KTY-shop/cart/tcp/http__fd00.64..2/8080,
      1 : goto endpoint-6OJB2KTY-shop/cart/tcp/http__fd00.64..3/8080 }; }
}
add element ip6 kube-proxy service-ips { fd00:96::10 . tcp . 80 : goto service-ULMVA6XW-shop/cart/tcp/http })");
    ASSERT_TRUE(rules);
    const Target cart{"shop/cart:http", {backend("fd00:64::2", 8080), backend("fd00:64::3", 8080)}};
    EXPECT_EQ(rules->frontends,
              (std::map<services::Frontend, Target>{{frontend("fd00:96::10", L4Protocol::kTcp, 80), cart}}));
    EXPECT_TRUE(rules->node_ports_everywhere);
    EXPECT_THAT(rules->node_port_addresses, IsEmpty());
    EXPECT_FALSE(rules->masquerades_all);
}

TEST_F(NftablesRulesTest, TellPodsByRangeOrInterface) {
    for (const auto& [test, pods] : {std::pair{"ip saddr != 10.64.0.0/11", "10.64.0.0/11"},
                                     {"ip saddr != 10.64.0.0/16", "10.64.0.0/16"},
                                     {"ip saddr != 10.64.1.2", "10.64.1.2/32"},
                                     {"iifname != \"cni0\"", "cni0"},
                                     {"iifname != \"veth*\"", "veth*"}}) {
        const auto rules =
            read(Family::kIpv4,
                 "table ip kube-proxy { set cluster-ips { type ipv4_addr; }; chain services { ip daddr "
                 "@cluster-ips " +
                     std::string(test) +
                     " meta mark set mark or 0x4000 comment \"masquerade clusterIP traffic from outside "
                     "cluster\"; }; }");
        ASSERT_TRUE(rules);
        EXPECT_THAT(rules->pods, ElementsAre(pods)) << test;
        ASSERT_TRUE(remove_nftables_rules(tables_, Family::kIpv4));
    }
    const auto rules = read(Family::kIpv6,
                            "table ip6 kube-proxy { chain services { ip6 saddr != fd00:64::/48 meta mark set "
                            "mark or 0x4000 comment \"masquerade clusterIP traffic from outside cluster\"; "
                            "}; }");
    ASSERT_TRUE(rules);
    EXPECT_THAT(rules->pods, ElementsAre("fd00:64::/48"));
}

TEST_F(NftablesRulesTest, GoAtOnceAndLeaveOtherTables) {
    output_of("nft add table ip kube-proxy; nft add table ip6 kube-proxy; nft add table ip other");
    ASSERT_TRUE(remove_nftables_rules(tables_, Family::kIpv4));
    EXPECT_EQ(output_of("nft list tables"), "table ip6 kube-proxy\ntable ip other\n");
}

}  // namespace
}  // namespace fairlead::migrate
