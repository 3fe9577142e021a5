#include "dns/clients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

base::IpAddress ip(std::string_view text) {
    return base::IpAddress::parse(text).value();
}

kube::Pod pod(const std::string& name, std::vector<std::string> addresses,
              const std::string& space = "shop") {
    kube::Pod pod;
    pod.key = {space, name};
    pod.uid = "uid-" + name;
    pod.node_name = "n1";
    for (const auto& address : addresses)
        pod.pod_ips.push_back(ip(address));
    return pod;
}

std::vector<std::string> texts(const std::vector<Name>& names) {
    std::vector<std::string> texts;
    for (const auto& name : names)
        texts.push_back(name.to_string());
    return texts;
}

class ClientDirectoryTest : public testing::Test {
  protected:
    void update() { directory_.update(settings_, pods_, namespaces_); }
    const SearchContext* find(std::string_view address) { return directory_.find(ip(address)); }

    ClientSettings settings_{
        "n1", {"cluster.local", {"10.96.0.10"}, {{"192.0.2.53"}, {"corp.example"}, {}}}, CollapseMode::kOn};
    kube::Store<kube::Pod> pods_;
    kube::Store<kube::Namespace> namespaces_;
    SnapshotReclaimer reclaimer_;
    ClientDirectory directory_{reclaimer_};
};

TEST_F(ClientDirectoryTest, KnowsAPodByEachOfItsAddresses) {
    pods_.put(pod("cart", {"10.64.0.1", "fd00:64::1"}));
    update();
    const auto* const context = find("10.64.0.1");
    ASSERT_NE(context, nullptr);
    EXPECT_EQ(find("fd00:64::1"), context);
    EXPECT_EQ(find("10.64.0.2"), nullptr);
    EXPECT_EQ(context->pod.to_string(), "shop/cart");
    EXPECT_THAT(texts(context->search), ElementsAre("shop.svc.cluster.local.", "svc.cluster.local.",
                                                    "cluster.local.", "corp.example."));
    EXPECT_EQ(context->checked, context->search);
    EXPECT_EQ(context->ndots, 5U);
    EXPECT_EQ(context->mode, CollapseMode::kOn);
    EXPECT_NE(context->verdicts, nullptr);
}

TEST_F(ClientDirectoryTest, LeavesOutWhomItIsNotCertainOf) {
    const auto with = [](auto change) {
        auto changed = pod("cart", {"10.64.0.1"});
        change(changed);
        return changed;
    };
    const kube::Pod uncertain[] = {
        with([](kube::Pod& pod) { pod.node_name = "n2"; }),
        with([](kube::Pod& pod) { pod.node_name.clear(); }),
        with([](kube::Pod& pod) { pod.host_network = true; }),
        with([](kube::Pod& pod) { pod.terminating = true; }),
        with([](kube::Pod& pod) { pod.finished = true; }),
        with([](kube::Pod& pod) { pod.pod_ips.clear(); }),
    };
    for (const auto& each : uncertain) {
        pods_.put(each);
        update();
        EXPECT_EQ(find("10.64.0.1"), nullptr);
    }
    pods_.put(pod("cart", {"10.64.0.1"}));
    update();
    EXPECT_NE(find("10.64.0.1"), nullptr);
    pods_.remove({"shop", "cart"});
    update();
    EXPECT_EQ(find("10.64.0.1"), nullptr);
}

TEST_F(ClientDirectoryTest, AddressOfTwoPodsIsNobodysUntilOneIsGone) {
    auto old = pod("old", {"10.64.0.1"});
    old.terminating = true;
    pods_.put(old);
    pods_.put(pod("new", {"10.64.0.1", "fd00:64::1"}));
    update();
    EXPECT_EQ(find("10.64.0.1"), nullptr);
    EXPECT_EQ(find("fd00:64::1")->pod.name, "new");
    old.finished = true;
    pods_.put(old);
    update();
    EXPECT_EQ(find("10.64.0.1")->pod.name, "new");
}

TEST_F(ClientDirectoryTest, WalkThatIsNotCertainIsNeverCollapsed) {
    struct Case {
        kube::DnsPolicy policy;
        kube::PodDnsConfig config;
        const char* why;
    };
    const Case cases[] = {
        {kube::DnsPolicy::kClusterFirst, {{"8.8.8.8"}, {}, {}}, "its nameserver '8.8.8.8' is another"},
        {kube::DnsPolicy::kClusterFirst, {{}, {}, {{"ndots", "many"}}}, "its ndots is no number"},
        {kube::DnsPolicy::kClusterFirst, {{}, {"a..b"}, {}}, "search domain 'a..b': "},
        {kube::DnsPolicy::kDefault, {}, "its nameserver '192.0.2.53' is another"},
        {kube::DnsPolicy::kNone, {}, "it has no nameserver"},
        {kube::DnsPolicy::kNone, {{"10.96.0.10"}, {}, {}}, "it searches no domain"},
        {kube::DnsPolicy::kNone,
         {{"10.96.0.10"}, {"corp.example"}, {}},
         "first domain that it searches is not of"},
        {kube::DnsPolicy::kOther, {}, "its dnsPolicy is not known here"},
    };
    for (const auto& each : cases) {
        auto uncertain = pod("cart", {"10.64.0.1"});
        uncertain.dns_policy = each.policy;
        uncertain.dns_config = each.config;
        pods_.put(uncertain);
        update();
        ASSERT_NE(find("10.64.0.1"), nullptr) << each.why;
        EXPECT_EQ(find("10.64.0.1")->mode, CollapseMode::kOff);
        EXPECT_THAT(find("10.64.0.1")->why_off, HasSubstr(each.why));
    }
}

TEST_F(ClientDirectoryTest, PodsWishGoesBeforeItsNamespacesAndThatBeforeTheDefault) {
    const auto mode = [&](const char* of_pod, const char* of_space, CollapseMode otherwise) {
        auto wishing = pod("cart", {"10.64.0.1"});
        kube::Namespace space{{"", "shop"}, {}, {}};
        if (*of_pod != 0) wishing.annotations.edit().emplace(kDnsSearchAnnotation, of_pod);
        if (*of_space != 0) space.annotations.edit().emplace(kDnsSearchAnnotation, of_space);
        pods_.put(wishing);
        namespaces_.put(space);
        settings_.default_mode = otherwise;
        update();
        return find("10.64.0.1")->mode;
    };
    EXPECT_EQ(mode("", "", CollapseMode::kCount), CollapseMode::kCount);
    EXPECT_EQ(mode("", "off", CollapseMode::kOn), CollapseMode::kOff);
    EXPECT_EQ(mode("on", "off", CollapseMode::kOff), CollapseMode::kOn);
    EXPECT_THAT(directory_.problems(), IsEmpty());
    EXPECT_EQ(mode("never", "count", CollapseMode::kOn), CollapseMode::kCount);
    EXPECT_THAT(
        directory_.problems(),
        ElementsAre("annotation fairlead.io/dns-search of Pod shop/cart: 'never' is none of on, count "
                    "and off"));
    EXPECT_EQ(mode("", "ON", CollapseMode::kCount), CollapseMode::kCount);
    EXPECT_THAT(directory_.problems(), ElementsAre(HasSubstr("of Namespace shop: 'ON'")));
}

TEST_F(ClientDirectoryTest, NoWalkIsCollapsedWhilePodsAreNotCertainAndAllIsAsBeforeAfterwards) {
    auto wishing = pod("cart", {"10.64.0.1"});
    wishing.annotations.edit().emplace(kDnsSearchAnnotation, "on");
    pods_.put(wishing);
    update();
    const auto before = directory_.contexts().front();
    settings_.pods_are_certain = false;
    update();
    EXPECT_EQ(find("10.64.0.1")->mode, CollapseMode::kOff);
    EXPECT_EQ(find("10.64.0.1")->pod_number, before->pod_number)
        << "its queries are still counted as its own";
    settings_.pods_are_certain = true;
    update();
    EXPECT_EQ(find("10.64.0.1")->mode, CollapseMode::kOn);
    EXPECT_EQ(find("10.64.0.1")->verdicts, before->verdicts);
}

TEST_F(ClientDirectoryTest, KeepsVerdictsOfAWalkAsLongAsItIsTheSame) {
    pods_.put(pod("cart", {"10.64.0.1"}));
    update();
    const auto verdicts = find("10.64.0.1")->verdicts;
    const auto number = find("10.64.0.1")->pod_number;
    auto moved = pod("cart", {"10.64.0.2"});
    moved.annotations.edit().emplace(kDnsSearchAnnotation, "count");
    pods_.put(moved);
    update();
    EXPECT_EQ(find("10.64.0.2")->verdicts, verdicts) << "another address, another mode";
    EXPECT_EQ(find("10.64.0.2")->pod_number, number);
    moved.dns_config.edit().options = {{"ndots", "2"}};
    pods_.put(moved);
    update();
    EXPECT_NE(find("10.64.0.2")->verdicts, verdicts);
    auto reborn = pod("cart", {"10.64.0.2"});
    reborn.uid = "another";
    pods_.put(reborn);
    update();
    EXPECT_NE(find("10.64.0.2")->pod_number, number);
}

TEST_F(ClientDirectoryTest, ChecksWhatOtherPodsSearchBehindTheSameFirstDomain) {
    auto odd = pod("odd", {"10.64.0.2"});
    odd.dns_config.edit().searches = {"lab.example"};
    pods_.put(pod("cart", {"10.64.0.1"}));
    pods_.put(pod("elsewhere", {"10.64.0.3"}, "bank"));
    update();
    const auto verdicts = find("10.64.0.1")->verdicts;
    const auto version = find("10.64.0.1")->checked_version;
    pods_.put(odd);
    update();
    EXPECT_EQ(find("10.64.0.1")->verdicts, verdicts);
    EXPECT_NE(find("10.64.0.1")->checked_version, version);
    EXPECT_THAT(texts(find("10.64.0.1")->checked),
                ElementsAre("shop.svc.cluster.local.", "svc.cluster.local.", "cluster.local.",
                            "corp.example.", "lab.example."));
    EXPECT_EQ(find("10.64.0.2")->checked, find("10.64.0.2")->search);
    EXPECT_THAT(find("10.64.0.3")->checked, SizeIs(4));
}

TEST_F(ClientDirectoryTest, APodKeepsItsWalkWhenTheNodesSearchDomainsChangeAndAllOfThemAreChecked) {
    pods_.put(pod("old", {"10.64.0.1"}));
    update();
    const auto verdicts = find("10.64.0.1")->verdicts;
    settings_.earlier_nodes = {settings_.kubelet.node};
    settings_.kubelet.node.searches = {"new.example"};
    pods_.put(pod("new", {"10.64.0.2"}));
    update();
    EXPECT_EQ(find("10.64.0.1")->verdicts, verdicts);
    EXPECT_THAT(texts(find("10.64.0.1")->search), Contains("corp.example."));
    EXPECT_THAT(texts(find("10.64.0.2")->search), Contains("new.example."));
    for (const auto* address : {"10.64.0.1", "10.64.0.2"})
        EXPECT_THAT(texts(find(address)->checked),
                    IsSupersetOf({"corp.example.", "new.example.", "cluster.local."}))
            << address;
    const auto* const settled = find("10.64.0.1");
    update();
    EXPECT_EQ(find("10.64.0.1"), settled);
}

TEST_F(ClientDirectoryTest, WhatWasFoundOutWithOtherUpstreamsDoesNotHoldAnyMore) {
    pods_.put(pod("cart", {"10.64.0.1"}));
    update();
    const auto verdicts = find("10.64.0.1")->verdicts;
    const auto version = find("10.64.0.1")->checked_version;
    settings_.forwarding_version = 1;
    update();
    EXPECT_EQ(find("10.64.0.1")->checked_version, version + 1);
    EXPECT_EQ(find("10.64.0.1")->verdicts, verdicts) << "who is under way is known still";
    update();
    EXPECT_EQ(find("10.64.0.1")->checked_version, version + 1);
}

TEST_F(ClientDirectoryTest, ReadersHoldWhatTheyFoundUntilTheyAreQuiescent) {
    pods_.put(pod("cart", {"10.64.0.1"}));
    update();
    ReaderGate gate{reclaimer_};
    const auto* const context = find("10.64.0.1");
    pods_.remove({"shop", "cart"});
    update();
    EXPECT_EQ(context->pod.name, "cart");
    EXPECT_EQ(reclaimer_.reclaim(), 1U);
    gate.quiescent();
    EXPECT_EQ(reclaimer_.reclaim(), 0U);
}

}  // namespace
}  // namespace fairlead::dns
