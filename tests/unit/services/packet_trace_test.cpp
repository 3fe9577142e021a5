#include "services/packet_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/elements.h"
#include "services/frontend_claim.h"
#include "services/layout.h"
#include "support/addresses.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using base::IpAddress;
using test::address;
using testing::HasSubstr;

constexpr std::uint16_t kNodePort = 30080;
constexpr std::string_view kClusterIp = "10.96.0.1";
constexpr std::string_view kNode = "192.0.2.1";
constexpr std::string_view kOutside = "192.0.2.2";
constexpr std::string_view kPod = "10.64.1.9";

class PacketTraceTest : public testing::Test {
  protected:
    PacketTraceTest() {
        Options options;
        options.compile.node = {"n1", "z1"};
        options.compile.node_addresses = {address(kNode)};
        options.compile.node_port_addresses = {address(kNode)};
        options.pods.cidrs = {base::Prefix::parse("10.64.0.0/16").value()};
        options.service_cidrs = {base::Prefix::parse("10.96.0.0/16").value()};
        proxy_.configure(options);
        service_.ports[0].node_port = kNodePort;
    }

    void program(std::vector<std::string> endpoints, std::string_view node = "n1") {
        proxy_.stage(test::change({}, test::shared(service_)));
        if (!endpoints.empty()) {
            auto slice = test::slice("cart", std::move(endpoints));
            for (auto& endpoint : slice.endpoints)
                endpoint.node_name = slice.index_of_name(node).value();
            proxy_.stage(test::change({}, test::shared(std::move(slice))));
        }
        ASSERT_TRUE(proxy_.sync(Family::kIpv4, {}));
    }

    PacketTrace trace(std::string_view source, std::string_view destination, std::uint16_t port) {
        TraceSources sources;
        sources.find = [&](std::string_view set, const kernel::nftables::ElementBytes& key) {
            return tables_.find_element(Family::kIpv4, kTableName, set, key);
        };
        sources.claimed = [&](const Frontend& frontend) { return claim_of(proxy_, frontend); };
        sources.is_local = [](const IpAddress& it) { return it == address(kNode); };
        const auto traced = trace_packet(
            {address(source), {address(destination), base::L4Protocol::kTcp, port}, ""}, sources);
        EXPECT_TRUE(traced) << traced.error().message;
        return traced.value_or(PacketTrace{});
    }

    std::string verdict(std::string_view source, std::string_view destination, std::uint16_t port) {
        return trace(source, destination, port).verdict;
    }

    void remove(std::string_view set, const kernel::nftables::Element& element) {
        kernel::nftables::Transaction transaction{layout(Family::kIpv4).table};
        transaction.add(kernel::nftables::DeleteElements{std::string(set), {element}});
        ASSERT_TRUE(tables_.commit(transaction));
    }

    void add(std::string_view set, const kernel::nftables::Element& element) {
        kernel::nftables::Transaction transaction{layout(Family::kIpv4).table};
        transaction.add(kernel::nftables::AddElements{std::string(set), {element}});
        ASSERT_TRUE(tables_.commit(transaction));
    }

    test::FakeNftTables tables_;
    ServiceProxy proxy_{Options{}, tables_};
    kube::Service service_ = test::service("cart", {std::string(kClusterIp)});
    const Frontend cluster_ip_{address(kClusterIp), base::L4Protocol::kTcp, 80};
};

TEST_F(PacketTraceTest, SaysWhichEndpointAndWhoseAddressItSees) {
    program({"10.64.1.2"});
    EXPECT_EQ(verdict(kPod, kClusterIp, 80),
              "reaches 10.64.1.2:8080, an endpoint of shop/cart, which sees 10.64.1.9");
    EXPECT_EQ(
        verdict(kOutside, kClusterIp, 80),
        "reaches 10.64.1.2:8080, an endpoint of shop/cart, which sees an address of this node: it is no "
        "pod, and the answer must come back through this node");
    EXPECT_EQ(verdict(kPod, kNode, kNodePort),
              "reaches 10.64.1.2:8080, an endpoint of shop/cart, which sees an address of this node: "
              "externalTrafficPolicy Cluster");
    EXPECT_EQ(verdict("10.64.1.2", kClusterIp, 80),
              "reaches 10.64.1.2:8080, an endpoint of shop/cart, which sees an address of this node: it "
              "reached itself through a Service");
}

TEST_F(PacketTraceTest, ListsEndpointsWithReasons) {
    program({"10.64.1.2", "10.64.1.3"});
    const auto traced = trace("10.64.1.2", kClusterIp, 80);
    EXPECT_EQ(traced.fate, Fate::kEndpoint);
    ASSERT_EQ(traced.endpoints.size(), 2);
    EXPECT_EQ(traced.endpoints[0].why, "is ready");
    EXPECT_TRUE(traced.endpoints[0].masqueraded) << "itself";
    EXPECT_FALSE(traced.endpoints[1].masqueraded);
    EXPECT_FALSE(traced.drifts());
    EXPECT_EQ(
        traced.verdict,
        "reaches one of 2 endpoints of shop/cart, which sees 10.64.1.2, but itself an address of this node");
}

TEST_F(PacketTraceTest, ShowsTheElementsAsNftPrintsThem) {
    program({"10.64.1.2"});
    std::vector<std::string> elements;
    for (const auto& step : trace(kPod, kClusterIp, 80).steps)
        for (const auto& [set, text, found] : step.elements)
            elements.push_back((found ? "" : "no ") + set + " " + text);
    EXPECT_THAT(elements,
                testing::ElementsAre("pod_cidrs 10.64.0.0/16",
                                     "frontends 10.96.0.1 . tcp . 80 : 0x00000001 . 0x00000001 . 0x00000000",
                                     "balancers 0x00000001 . 0x00000000 : goto balance-1",
                                     "endpoints 0x00000000 . 10.96.0.1 . tcp . 80 : 10.64.1.2 . 8080",
                                     "no masquerade_all 10.96.0.1 . tcp . 80",
                                     "no masquerade_node 10.96.0.1 . tcp . 80", "cluster_ips 10.96.0.1",
                                     "kept_sources 10.64.0.0/16"));
}

TEST_F(PacketTraceTest, SaysWhyNobodyAnswers) {
    service_.external_traffic_policy = kube::TrafficPolicy::kLocal;
    program({"10.64.2.2"}, "n2");
    EXPECT_EQ(
        verdict(kOutside, kNode, kNodePort),
        "dropped: traffic policy Local, and shop/cart has no endpoint here: 10.64.2.2:8080 policy Local: "
        "its node is n2, this is n1");
    EXPECT_THAT(verdict(kPod, kNode, kNodePort), HasSubstr("reaches 10.64.2.2:8080"));
    EXPECT_THAT(verdict(kNode, kNode, kNodePort),
                HasSubstr("an address of this node: it comes from this node"));
    EXPECT_EQ(verdict(kPod, kClusterIp, 81), "rejected: the Service at 10.96.0.1 has no port 81/TCP");
    EXPECT_EQ(verdict(kPod, "10.96.9.9", 80), "rejected: no Service has the address 10.96.9.9");
    EXPECT_EQ(verdict(kPod, "198.51.100.1", 80),
              "left alone: 198.51.100.1 is no Service's; it is routed as any other");
    EXPECT_EQ(verdict(kPod, kNode, 22),
              "left alone: 192.0.2.1 is no Service's; it is delivered to this node itself");
}

TEST_F(PacketTraceTest, SaysWhatTheEndpointsLackThatAreNotUsed) {
    program({});
    EXPECT_EQ(verdict(kPod, kClusterIp, 80), "rejected: no endpoint of shop/cart can be used: it has none");
    auto slice = test::slice("cart", {"10.64.1.2"});
    slice.endpoints[0].ready = false;
    slice.endpoints[0].serving = false;
    proxy_.stage(test::change({}, test::shared(std::move(slice))));
    ASSERT_TRUE(proxy_.sync(Family::kIpv4, {}));
    EXPECT_EQ(verdict(kPod, kClusterIp, 80),
              "rejected: no endpoint of shop/cart can be used: 10.64.1.2:8080 is not ready");
}

TEST_F(PacketTraceTest, KnowsWhoMayComeToALoadBalancer) {
    service_.load_balancer_ips = {address("203.0.113.10")};
    service_.load_balancer_source_ranges = {base::Prefix::parse("192.0.2.0/30").value()};
    program({"10.64.1.2"});
    EXPECT_EQ(trace(kOutside, "203.0.113.10", 80).fate, Fate::kEndpoint);
    EXPECT_EQ(verdict(kPod, "203.0.113.10", 80),
              "dropped: 10.64.1.9 is not in loadBalancerSourceRanges of shop/cart");
}

TEST_F(PacketTraceTest, FollowsTheMemoryOfTheClient) {
    service_.affinity_timeout_s = 100;
    program({"10.64.1.2", "10.64.1.3"});
    EXPECT_EQ(trace(kPod, kClusterIp, 80).endpoint_count, 2);
    kernel::nftables::Element memory;
    memory.key.add(address(kPod)).add(address(kClusterIp)).add(base::L4Protocol::kTcp).add_port(80);
    memory.data.add_port(80).add(address("10.64.1.3")).add_port(8080);
    add(kAffinity, memory);
    EXPECT_THAT(verdict(kPod, kClusterIp, 80), HasSubstr("reaches 10.64.1.3:8080"));
    EXPECT_EQ(trace(kOutside, kClusterIp, 80).endpoint_count, 2) << "another client";
    remove(kAlive, alive_element(cluster_ip_, {address("10.64.1.3"), 8080}));
    EXPECT_EQ(trace(kPod, kClusterIp, 80).endpoint_count, 2) << "its endpoint is gone";
}

TEST_F(PacketTraceTest, SaysWhereTheKernelDiffersFromWhatIsWanted) {
    program({"10.64.1.2", "10.64.1.3"});
    remove(kEndpoints, endpoint_element(cluster_ip_, 1, {address("10.64.1.3"), 8080}, false));
    auto traced = trace(kPod, kClusterIp, 80);
    EXPECT_EQ(traced.fate, Fate::kEndpoint);
    EXPECT_TRUE(traced.drifts());
    Balancer two;
    two.size = 2;
    remove(kFrontends, frontend_element(cluster_ip_, two));
    traced = trace(kPod, kClusterIp, 80);
    EXPECT_EQ(traced.fate, Fate::kRejected) << "as a port that the Service has not";
    EXPECT_EQ(traced.steps[1].drift, "the agent wants balance-2");
}

TEST_F(PacketTraceTest, LooksUpABoundedNumberOfEndpoints) {
    std::vector<std::string> many;
    for (std::size_t i = 0; i < kTracedEndpoints + 8; ++i)
        many.push_back("10.64.3." + std::to_string(i + 1));
    program(std::move(many));
    const auto traced = trace(kPod, kClusterIp, 80);
    EXPECT_EQ(traced.endpoints.size(), kTracedEndpoints);
    EXPECT_THAT(traced.verdict, HasSubstr("one of 40 endpoints"));
}

TEST_F(PacketTraceTest, NeedsATable) {
    TraceSources sources;
    sources.find = [&](std::string_view set, const kernel::nftables::ElementBytes& key) {
        return tables_.find_element(Family::kIpv4, kTableName, set, key);
    };
    sources.claimed = [](const Frontend&) { return std::nullopt; };
    sources.is_local = [](const IpAddress&) { return false; };
    const auto traced = trace_packet({address(kPod), cluster_ip_, ""}, sources);
    ASSERT_FALSE(traced);
    EXPECT_EQ(traced.error().code, base::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace fairlead::services
