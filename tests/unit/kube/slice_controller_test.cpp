#include "kube/slice_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/kube_fixture.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Service cart() {
    auto service = test::service("cart", {"10.96.0.1"});
    service.selector = {{"app", "cart"}};
    return service;
}

Pod pod(const std::string& name, std::vector<std::string> addresses) {
    Pod pod;
    pod.key = {"shop", name};
    pod.labels = {{"app", "cart"}, {"version", "1"}};
    pod.node_name = "n1";
    pod.ready = true;
    for (const auto& address : addresses)
        pod.pod_ips.push_back(base::IpAddress::parse(address).value());
    pod.ports = {{"web", base::L4Protocol::kTcp, 8080}};
    return pod;
}

/// "10.64.0.1 ready serving" per endpoint, all slices in order.
std::vector<std::string> endpoints(const std::vector<EndpointSlice>& slices) {
    std::vector<std::string> texts;
    for (const auto& slice : slices)
        for (const auto& endpoint : slice.endpoints)
            texts.push_back(endpoint.address.to_string() + (endpoint.ready ? " ready" : "") +
                            (endpoint.serving ? " serving" : "") +
                            (endpoint.terminating ? " terminating" : ""));
    return texts;
}

std::vector<EndpointSlice> derive_slices(const std::vector<Service>& services, const std::vector<Pod>& pods,
                                         const std::vector<Node>& nodes,
                                         const std::vector<EndpointSlice>& written = {}) {
    std::vector<EndpointSlice> slices;
    derive_slices_beside(test::shared_each(written),
                         {test::shared_each(services), test::shared_each(pods), test::shared_each(nodes)},
                         [&](const auto& slice) { slices.push_back(*slice); });
    return slices;
}

TEST(DeriveSlices, TakesSelectedPodsWithAddressesAndTheirReadiness) {
    auto unready = pod("b", {"10.64.0.2"});
    unready.ready = false;
    auto terminating = pod("c", {"10.64.0.3"});
    terminating.terminating = true;
    auto finished = pod("d", {"10.64.0.4"});
    finished.finished = true;
    auto other = pod("e", {"10.64.0.5"});
    other.labels = {{"app", "other"}};
    auto elsewhere = pod("f", {"10.64.0.6"});
    elsewhere.key.namespace_name = "other";
    const std::vector pods = {
        pod("a", {"10.64.0.1"}), unready, terminating, finished, other, elsewhere, pod("g", {})};
    const std::vector services = {cart()};
    const auto slices = derive_slices(services, pods, {});
    EXPECT_THAT(endpoints(slices),
                ElementsAre("10.64.0.1 ready serving", "10.64.0.2", "10.64.0.3 serving terminating"));
    ASSERT_THAT(slices, SizeIs(1));
    EXPECT_EQ(slices[0].service_name, "cart");
    EXPECT_EQ(slices[0].node_name(slices[0].endpoints[0]), "n1");
    EXPECT_EQ(slices[0].ports.at(0).port, 8080);
    EXPECT_THAT(slices[0].pods.all(), ElementsAre("a", "b", "c"));
}

TEST(DeriveSlices, ResolvesNamedPortsPerPodIntoSlicesOfTheirOwn) {
    auto service = cart();
    service.ports.front().target_port = std::string("web");
    auto old_pod = pod("b", {"10.64.0.2"});
    old_pod.ports.front().port = 9090;
    auto without = pod("c", {"10.64.0.3"});
    without.ports.clear();
    const std::vector services = {service};
    const std::vector pods = {pod("a", {"10.64.0.1"}), old_pod, without};
    const auto slices = derive_slices(services, pods, {});
    std::vector<std::string> found;
    for (const auto& slice : slices)
        found.push_back(slice.endpoints.at(0).address.to_string() + ":" +
                        (slice.ports.empty() ? "-" : std::to_string(slice.ports[0].port)));
    EXPECT_THAT(found, testing::UnorderedElementsAre("10.64.0.1:8080", "10.64.0.2:9090", "10.64.0.3:-"));
}

TEST(DeriveSlices, MakesASlicePerFamilyOfTheService) {
    auto service = cart();
    service.ip_families = {base::Family::kIpv6, base::Family::kIpv4};
    const std::vector services = {service};
    const std::vector pods = {pod("a", {"10.64.0.1", "fd00::1"}), pod("b", {"10.64.0.2"})};
    const auto slices = derive_slices(services, pods, {});
    EXPECT_THAT(endpoints(slices),
                ElementsAre("fd00::1 ready serving", "10.64.0.1 ready serving", "10.64.0.2 ready serving"));
}

TEST(DeriveSlices, PublishesAddressesThatAreNotReadyWhereTheServiceSaysSo) {
    auto service = cart();
    service.publish_not_ready_addresses = true;
    auto unready = pod("a", {"10.64.0.1"});
    unready.ready = false;
    const std::vector services = {service};
    const std::vector pods = {unready};
    EXPECT_THAT(endpoints(derive_slices(services, pods, {})), ElementsAre("10.64.0.1 ready"))
        << "serving is the Pod's own readiness";
}

TEST(DeriveSlices, TakesTheHostnameOfAPodWhoseSubdomainNamesTheService) {
    const auto named = [](const std::string& name, const std::string& hostname,
                          const std::string& subdomain) {
        auto made = pod(name, {"10.64.0.1"});
        made.hostname = hostname;
        made.subdomain = subdomain;
        return made;
    };
    const std::vector services = {cart()};
    const std::vector pods = {named("a", "", "cart"), named("b", "db-0", "cart"), named("c", "db-1", "other"),
                              named("d", "db-2", ""), named("e", "db-3", "cart")};
    const auto slices = derive_slices(services, pods, {});
    ASSERT_THAT(slices, SizeIs(1));
    ASSERT_TRUE(slices[0].hostnames.has_value());
    EXPECT_THAT(slices[0].hostnames->all(), ElementsAre("", "db-0", "", "", "db-3"));
    EXPECT_FALSE(
        derive_slices(services, std::vector{pod("a", {"10.64.0.1"})}, {}).at(0).hostnames.has_value());
}

TEST(DeriveSlices, SplitsAfterOneHundredEndpointsAndKeepsNamesApart) {
    std::vector<Pod> pods;
    for (int i = 0; i < 250; ++i)
        pods.push_back(pod("p" + std::to_string(i), {"10.64.1." + std::to_string(i)}));
    const std::vector services = {cart()};
    const auto slices = derive_slices(services, pods, {});
    ASSERT_THAT(slices, SizeIs(3));
    EXPECT_THAT(slices[2].endpoints, SizeIs(50));
    EXPECT_NE(slices[0].key, slices[1].key);
}

TEST(DeriveSlices, TakesPodsThatHaveEveryLabelOfTheSelector) {
    auto other = pod("b", {"10.64.0.2"});
    other.labels["version"] = "2";
    const std::vector pods = {pod("a", {"10.64.0.1"}), other};
    const std::vector<std::pair<Labels, std::vector<std::string>>> cases = {
        {{{"app", "cart"}}, {"10.64.0.1 ready serving", "10.64.0.2 ready serving"}},
        {{{"app", "cart"}, {"version", "2"}}, {"10.64.0.2 ready serving"}},
        {{{"app", "cart"}, {"version", "3"}}, {}},
        {{{"app", "cart"}, {"track", "1"}}, {}},
    };
    for (const auto& [selector, wanted] : cases) {
        auto service = cart();
        service.selector = selector;
        const std::vector services = {service};
        EXPECT_EQ(endpoints(derive_slices(services, pods, {})), wanted);
    }
}

TEST(DeriveSlices, KeepsSlicesApartWhosePortsHaveTheSameNumbers) {
    auto service = cart();
    service.ports = {{"a", base::L4Protocol::kTcp, 1, 0, std::string("a"), ""},
                     {"b", base::L4Protocol::kTcp, 2, 0, std::string("b"), ""}};
    auto only_a = pod("a", {"10.64.0.1"});
    only_a.ports = {{"a", base::L4Protocol::kTcp, 80}};
    auto only_b = pod("b", {"10.64.0.2"});
    only_b.ports = {{"b", base::L4Protocol::kTcp, 80}};
    const std::vector services = {service};
    const std::vector pods = {only_a, only_b};
    const auto slices = derive_slices(services, pods, {});
    ASSERT_THAT(slices, SizeIs(2));
    EXPECT_NE(slices[0].key, slices[1].key);
    EXPECT_EQ(slices, derive_slices(services, pods, {})) << "names are the same every time";
}

TEST(DeriveSlices, GivesPodsOfTheHostNetworkTheAddressesOfTheirNodeAndTheZone) {
    Node node;
    node.key = {"", "n1"};
    node.zone = "z1";
    node.addresses = {base::IpAddress::parse("192.0.2.1").value()};
    auto host = pod("a", {});
    host.host_network = true;
    const std::vector services = {cart()};
    const std::vector pods = {host, pod("b", {})};
    const std::vector nodes = {node};
    const auto slices = derive_slices(services, pods, nodes);
    ASSERT_THAT(endpoints(slices), ElementsAre("192.0.2.1 ready serving"));
    EXPECT_EQ(slices[0].zone(slices[0].endpoints[0]), "z1");
}

TEST(DeriveSlices, MakesSlicesOfHeadlessServicesAndNoneOfExternalNames) {
    auto headless = cart();
    headless.headless = true;
    headless.cluster_ips.clear();
    auto external = cart();
    external.type = ServiceType::kExternalName;
    const std::vector pods = {pod("a", {"10.64.0.1"})};
    const std::vector services = {headless, external};
    EXPECT_THAT(derive_slices(services, pods, {}), SizeIs(1));
}

TEST(DeriveSlices, GivesReadyEndpointsTheHintsOfTheTrafficDistribution) {
    struct Case {
        const char* distribution;
        bool zone;
        bool node;
    };
    Node n1;
    n1.key = {"", "n1"};
    n1.zone = "a";
    const std::vector nodes = {n1};
    auto unready = pod("b", {"10.64.0.2"});
    unready.ready = false;
    auto elsewhere = pod("c", {"10.64.0.3"});
    elsewhere.node_name = "n2";
    const std::vector pods = {pod("a", {"10.64.0.1"}), unready, elsewhere};
    for (const auto& one :
         {Case{"", false, false}, Case{"PreferClose", true, false}, Case{"PreferSameZone", true, false},
          Case{"PreferSameNode", true, true}, Case{"PreferFarAway", false, false}}) {
        auto service = cart();
        service.traffic_distribution = one.distribution;
        const std::vector services = {service};
        const auto slices = derive_slices(services, pods, nodes);
        ASSERT_THAT(slices, SizeIs(1));
        EXPECT_EQ(slices[0].has_zone_hint(0, "a"), one.zone) << one.distribution;
        EXPECT_EQ(slices[0].has_node_hint(0, "n1"), one.node) << one.distribution;
        EXPECT_FALSE(slices[0].has_any_zone_hint(1) || slices[0].has_any_node_hint(1)) << "not ready";
        EXPECT_FALSE(slices[0].has_any_zone_hint(2)) << "its node is in no zone that is known";
        EXPECT_EQ(slices[0].has_node_hint(2, "n2"), one.node) << one.distribution;
    }
}

TEST(DeriveSlices, StandInForThoseThatAControllerMadeOfThePods) {
    const std::vector services = {cart()};
    const std::vector pods = {pod("a", {"10.64.0.1"})};
    auto old = test::slice("cart", {"10.64.9.9"});
    old.made_by_controller = true;
    auto own = test::slice("cart", {"10.64.8.8"}, "own");
    auto other = test::slice("other", {"10.64.7.7"});
    other.made_by_controller = true;
    EXPECT_THAT(endpoints(derive_slices(services, pods, {}, {old, own, other})),
                ElementsAre("10.64.0.1 ready serving", "10.64.8.8 ready serving", "10.64.7.7 ready serving"));
    EXPECT_THAT(endpoints(derive_slices(services, {}, {}, {old})), ElementsAre("10.64.9.9 ready serving"))
        << "no Pods were written down";
}

TEST(DeriveSlices, LeavesServicesWithoutSelectorAlone) {
    const std::vector services = {test::service("cart", {"10.96.0.1"})};
    const std::vector pods = {pod("a", {"10.64.0.1"})};
    EXPECT_THAT(derive_slices(services, pods, {}), IsEmpty());
}

}  // namespace
}  // namespace fairlead::kube
