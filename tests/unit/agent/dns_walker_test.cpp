#include "agent/dns_walker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Texts = std::vector<std::string>;

const dns::KubeletDns kKubelet{
    .cluster_domain = "cluster.local",
    .cluster_dns = {"10.96.0.10"},
    .node = {.nameservers = {"192.0.2.2"}, .searches = {"corp.example"}, .options = {}}};

kube::Pod pod() {
    kube::Pod made;
    made.key = {"shop", "web-1"};
    made.pod_ips = {base::IpAddress::parse("10.64.0.5").value(), base::IpAddress::parse("fd00::5").value()};
    return made;
}

Texts texts(const std::vector<dns::Name>& names) {
    Texts made;
    for (const auto& name : names)
        made.push_back(name.to_string());
    return made;
}

TEST(DnsWalker, OfAPodHasWhatKubeletWritesIntoItsResolvConf) {
    dns::SearchContext context;
    context.mode = dns::CollapseMode::kOn;
    auto made = pod();
    made.dns_config.edit().options = {{"ndots", "3"}, {"attempts", "1"}, {"edns0", ""}};
    const auto walker = walker_of_pod(made, kKubelet, &context).value();
    EXPECT_EQ(walker.name, "shop/web-1");
    EXPECT_EQ(walker.source.to_string(), "10.64.0.5");
    EXPECT_EQ(walker.nameservers, Texts{"10.96.0.10"});
    EXPECT_EQ(texts(walker.settings.search),
              (Texts{"shop.svc.cluster.local.", "svc.cluster.local.", "cluster.local.", "corp.example."}));
    EXPECT_EQ(walker.settings.ndots, 3U);
    EXPECT_EQ(walker.settings.attempts, 1U);
    EXPECT_THAT(walker.remarks, IsEmpty());
}

TEST(DnsWalker, SaysWhyWalksAreNotCollapsed) {
    dns::SearchContext off;
    dns::SearchContext unfit;
    unfit.why_off = "it searches no domain";
    auto on_node = pod();
    on_node.host_network = true;
    struct Case {
        kube::Pod pod;
        const dns::SearchContext* context;
        std::string remark;
    };
    for (const auto& [pod, context, remark] : std::vector<Case>{
             {pod(), nullptr, "not know it for certain"},
             {pod(), &off, "the mode is off"},
             {pod(), &unfit, "it searches no domain"},
             {on_node, nullptr, "the network of the node"},
         })
        EXPECT_THAT(walker_of_pod(pod, kKubelet, context)->remarks, Contains(HasSubstr(remark)));
}

TEST(DnsWalker, SaysWhoIsAskedInsteadOfUs) {
    dns::SearchContext on;
    on.mode = dns::CollapseMode::kOn;
    auto own = pod();
    own.dns_policy = kube::DnsPolicy::kNone;
    own.dns_config.edit().nameservers = {"8.8.8.8"};
    EXPECT_THAT(walker_of_pod(own, kKubelet, &on)->remarks, ElementsAre(HasSubstr("it asks 8.8.8.8, not")));
    const auto ours = kKubelet.cluster_dns;
    const auto node =
        walker_of_node("nameserver 192.0.2.2\nnameserver 192.0.2.3\nsearch corp.example\n", ours);
    EXPECT_THAT(node.remarks, ElementsAre(HasSubstr("it asks 192.0.2.2, not")));
    EXPECT_EQ(node.settings.nameservers, 2U);
    EXPECT_EQ(node.settings.ndots, 1U);
    EXPECT_THAT(walker_of_node("nameserver 10.96.0.10\n", ours).remarks, IsEmpty());
    EXPECT_THAT(walker_of_node("", ours).remarks, ElementsAre(HasSubstr("it asks 127.0.0.1, not")));
}

TEST(DnsWalker, RefusesAPodThatCannotAskYet) {
    auto unborn = pod();
    unborn.pod_ips.clear();
    EXPECT_THAT(walker_of_pod(unborn, kKubelet, nullptr).error().message,
                HasSubstr("shop/web-1 has no address"));
    auto other = pod();
    other.dns_policy = kube::DnsPolicy::kOther;
    EXPECT_THAT(walker_of_pod(other, kKubelet, nullptr).error().message, HasSubstr("dnsPolicy"));
}

}  // namespace
}  // namespace fairlead::agent
