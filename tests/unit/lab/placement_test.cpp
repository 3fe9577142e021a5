#include "lab/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/layout.h"

namespace fairlead::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Objects = kube::ManifestFiles::Objects;

kube::Pod pod(std::string name, std::string node = "") {
    kube::Pod pod;
    pod.key = {"shop", std::move(name)};
    pod.node_name = std::move(node);
    return pod;
}

kube::Node node(std::string name, std::string zone = "") {
    kube::Node node;
    node.key = {"", std::move(name)};
    node.zone = std::move(zone);
    return node;
}

Objects with_pods(std::vector<kube::Pod> pods) {
    Objects objects;
    objects.pods = std::move(pods);
    return objects;
}

/// "a node-1 10.64.1.2", one line per Pod.
std::string text_of(const Placement::Result& result) {
    std::string text;
    for (const auto& pod : result.objects.pods)
        text += pod.key.name + " " + pod.node_name + " " +
                (pod.pod_ips.empty() ? "-" : pod.pod_ips.front().to_string()) + "\n";
    return text;
}

TEST(Placement, SpreadsPodsOverNodes) {
    Placement placement{{}, 2};
    const auto placed = placement.place(with_pods({pod("a"), pod("b"), pod("c")}));
    EXPECT_EQ(text_of(placed), "a node-1 10.64.1.2\nb node-2 10.64.2.2\nc node-1 10.64.1.3\n");
    EXPECT_EQ(placed.objects.pods[1].pod_ips[1].to_string(), "fd00:10:64:2::2");
    EXPECT_THAT(placed.warnings, IsEmpty());
}

TEST(Placement, AnEditMovesNothingThatItDoesNotName) {
    Placement placement{{}, 2};
    placement.place(with_pods({pod("b"), pod("c")}));
    EXPECT_EQ(text_of(placement.place(with_pods({pod("a"), pod("b"), pod("c")}))),
              "a node-1 10.64.1.3\nb node-1 10.64.1.2\nc node-2 10.64.2.2\n");
}

TEST(Placement, GivesFreedAddressesAgainAsLateAsPossible) {
    Placement placement{{}, 1};
    placement.place(with_pods({pod("a")}));
    placement.place({});
    EXPECT_EQ(text_of(placement.place(with_pods({pod("a")}))), "a node-1 10.64.1.3\n");
    for (unsigned host = 4; host <= kLastPodHost; ++host) {
        placement.place({});
        placement.place(with_pods({pod("a")}));
    }
    placement.place({});
    EXPECT_EQ(text_of(placement.place(with_pods({pod("a")}))), "a node-1 10.64.1.2\n");
}

TEST(Placement, TakesNodesFromNodesAndPodsOfTheManifests) {
    Objects first = with_pods({pod("a", "beta")});
    first.nodes.push_back(node("alpha", "z1"));
    Placement placement{first, 3};
    EXPECT_THAT(placement.node_names(), ElementsAre("alpha", "beta", "node-1"));
    const auto placed = placement.place(first);
    EXPECT_EQ(text_of(placed), "a beta 10.64.2.2\n");
    EXPECT_EQ(placed.objects.nodes[0].zone, "z1");
    EXPECT_EQ(placed.objects.nodes[1].addresses[0].to_string(), "172.18.0.12");
    EXPECT_EQ(placed.objects.nodes[2].pod_cidrs[0].to_string(), "10.64.3.0/24");
}

TEST(Placement, SaysWhichNodeIsMissing) {
    Placement placement{{}, 1};
    auto objects = with_pods({pod("a", "gone")});
    objects.nodes.push_back(node("late"));
    const auto placed = placement.place(objects);
    EXPECT_EQ(text_of(placed), "a node-1 10.64.1.2\n");
    EXPECT_THAT(placed.warnings, ElementsAre(HasSubstr("Node late"), HasSubstr("no node gone")));
}

TEST(Placement, HostNetworkPodsHaveTheirNodesAddress) {
    Placement placement{{}, 1};
    auto one = pod("a");
    one.host_network = true;
    EXPECT_EQ(text_of(placement.place(with_pods({one}))), "a node-1 172.18.0.11\n");
    one.host_network = false;
    EXPECT_EQ(text_of(placement.place(with_pods({one}))), "a node-1 10.64.1.2\n");
}

TEST(Placement, FinishedPodsAndThoseTooManyHaveNoAddress) {
    Placement placement{{}, 1};
    std::vector<kube::Pod> pods = {pod("0")};
    pods.front().finished = true;
    for (unsigned i = 0; i <= kLastPodHost - kFirstPodHost + 1; ++i)
        pods.push_back(pod("p" + std::to_string(1000 + i)));
    const auto placed = placement.place(with_pods(pods));
    EXPECT_TRUE(placed.objects.pods.front().pod_ips.empty());
    EXPECT_TRUE(placed.objects.pods.back().pod_ips.empty());
    EXPECT_THAT(placed.warnings, ElementsAre(HasSubstr("no address is left on node node-1")));
}

TEST(Placement, PodsAreReadyUnlessALabelSaysNo) {
    auto one = pod("a");
    EXPECT_TRUE(wants_ready(one));
    one.labels.emplace(kReadyLabel, "false");
    EXPECT_FALSE(wants_ready(one));
}

TEST(Layout, NamesOfLabsLeaveNoDoubt) {
    for (const auto* good : {"lab", "a", "tour123", "0123456789abcdef"})
        EXPECT_TRUE(parse_lab_name(good)) << good;
    for (const auto* bad : {"", "a-b", "A", "a.b", "../x", "0123456789abcdefg"})
        EXPECT_FALSE(parse_lab_name(bad)) << bad;
}

TEST(Layout, NoPodHasTheNamespaceOfAMachine) {
    EXPECT_EQ(machine_namespace("lab", "shop.a"), "fl-lab-shop.a");
    EXPECT_EQ(pod_namespace("lab", {"shop", "a"}), "fl-lab-shop_a");
}

}  // namespace
}  // namespace fairlead::lab
