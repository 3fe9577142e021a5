#include "dns/search_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

using kube::DnsPolicy;
using kube::PodDnsOption;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Texts = std::vector<std::string>;

const KubeletDns kKubelet{
    "cluster.local", {"10.96.0.10"}, {{"192.0.2.53"}, {"corp.example", "example"}, {{"timeout", "1"}}}};

kube::Pod pod(DnsPolicy policy, kube::PodDnsConfig config = {}, bool host_network = false) {
    kube::Pod pod;
    pod.key = {"shop", "cart"};
    pod.dns_policy = policy;
    pod.dns_config = std::move(config);
    pod.host_network = host_network;
    return pod;
}

ResolverSettings settings_of(const kube::Pod& pod, const KubeletDns& kubelet = kKubelet) {
    return resolver_settings_of(pod, kubelet).value();
}

TEST(SearchList, FollowsThePolicyAsKubeletDoes) {
    const Texts cluster_first = {"shop.svc.cluster.local", "svc.cluster.local", "cluster.local",
                                 "corp.example", "example"};
    struct Case {
        const char* name;
        kube::Pod pod;
        Texts nameservers;
        Texts searches;
        std::vector<PodDnsOption> options;
    };
    const Case cases[] = {
        {"ClusterFirst", pod(DnsPolicy::kClusterFirst), {"10.96.0.10"}, cluster_first, {{"ndots", "5"}}},
        {"ClusterFirst in the node's network",
         pod(DnsPolicy::kClusterFirst, {}, true),
         {"192.0.2.53"},
         {"corp.example", "example"},
         {{"timeout", "1"}}},
        {"ClusterFirstWithHostNet",
         pod(DnsPolicy::kClusterFirstWithHostNet, {}, true),
         {"10.96.0.10"},
         cluster_first,
         {{"ndots", "5"}}},
        {"Default",
         pod(DnsPolicy::kDefault),
         {"192.0.2.53"},
         {"corp.example", "example"},
         {{"timeout", "1"}}},
        {"None",
         pod(DnsPolicy::kNone, {{"10.96.0.10"}, {"a.example"}, {{"ndots", "2"}}}),
         {"10.96.0.10"},
         {"a.example"},
         {{"ndots", "2"}}},
        {"dnsConfig comes behind, and options replace",
         pod(DnsPolicy::kClusterFirst,
             {{"10.96.0.10", "8.8.8.8"}, {"example", "b.example"}, {{"ndots", "2"}, {"edns0", ""}}}),
         {"10.96.0.10", "8.8.8.8"},
         {"shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example", "example",
          "b.example"},
         {{"ndots", "2"}, {"edns0", ""}}},
    };
    for (const auto& each : cases) {
        const auto settings = settings_of(each.pod);
        EXPECT_EQ(settings.nameservers, each.nameservers) << each.name;
        EXPECT_EQ(settings.searches, each.searches) << each.name;
        EXPECT_EQ(settings.options, each.options) << each.name;
    }
}

TEST(SearchList, IsNotKnownForAPolicyThatIsNot) {
    EXPECT_EQ(resolver_settings_of(pod(DnsPolicy::kOther), kKubelet), std::nullopt);
}

TEST(SearchList, IsTheNodesWhereKubeletKnowsNoClusterDns) {
    auto kubelet = kKubelet;
    kubelet.cluster_dns.clear();
    EXPECT_THAT(settings_of(pod(DnsPolicy::kClusterFirst), kubelet).searches,
                ElementsAre("corp.example", "example"));
}

TEST(SearchList, HasNoClusterDomainsWhereThereIsNone) {
    auto kubelet = kKubelet;
    kubelet.cluster_domain.clear();
    const auto settings = settings_of(pod(DnsPolicy::kClusterFirst), kubelet);
    EXPECT_THAT(settings.searches, ElementsAre("corp.example", "example"));
    EXPECT_THAT(settings.nameservers, ElementsAre("10.96.0.10"));
}

TEST(SearchList, NamesEachDomainOnce) {
    auto kubelet = kKubelet;
    kubelet.node.searches = {"cluster.local", "corp.example", "corp.example"};
    EXPECT_THAT(settings_of(pod(DnsPolicy::kClusterFirst, {{}, {"svc.cluster.local"}, {}}), kubelet).searches,
                ElementsAre("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"));
}

TEST(SearchList, KeepsToKubeletsLimits) {
    kube::PodDnsConfig config;
    for (int i = 0; i < 40; ++i)
        config.searches.push_back("d" + std::to_string(i) + ".example");
    config.nameservers = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"};
    const auto many = settings_of(pod(DnsPolicy::kClusterFirst, config));
    EXPECT_THAT(many.searches, SizeIs(32));
    EXPECT_EQ(many.searches.back(), "d26.example");
    EXPECT_THAT(many.nameservers, ElementsAre("10.96.0.10", "10.0.0.1", "10.0.0.2"));

    // 8 * 252 + 7 blanks are 2023 characters; one more blank and 24 are 2048.
    config.searches.assign(8, std::string(251, 'a'));
    for (std::size_t i = 0; i < config.searches.size(); ++i)
        config.searches[i] += static_cast<char>('a' + i);
    config.searches.push_back(std::string(254, 'x'));
    config.searches.push_back(std::string(24, 'y'));
    config.nameservers = {"10.96.0.10"};
    auto settings = settings_of(pod(DnsPolicy::kNone, config));
    EXPECT_THAT(settings.searches, SizeIs(9)) << "one of more than 253 characters is left out";
    EXPECT_EQ(settings.searches.back(), std::string(24, 'y'));
    config.searches.back() += "y";
    EXPECT_THAT(settings_of(pod(DnsPolicy::kNone, config)).searches, SizeIs(8));
}

TEST(NodeResolvConf, IsReadAsKubeletReadsIt) {
    const auto settings = read_as_kubelet(
        "# comment\n; another\n\nnameserver 192.0.2.1 ignored\n nameserver\t192.0.2.2\r\n"
        "nameserver\ndomain no.example\nsearch first.example\n"
        "search a.example. . b.example\noptions ndots:3 rotate\noptions ndots:4");
    EXPECT_THAT(settings.nameservers, ElementsAre("192.0.2.1", "192.0.2.2"));
    EXPECT_THAT(settings.searches, ElementsAre("a.example", "b.example"));
    EXPECT_THAT(settings.options, ElementsAre(PodDnsOption{"ndots", "4"}, PodDnsOption{"rotate", ""}));
    EXPECT_EQ(read_as_kubelet(""), ResolverSettings{});
    EXPECT_THAT(read_as_kubelet("search a.example\nsearch").searches, IsEmpty());
}

TEST(Ndots, IsOneWithoutTheOptionAndFifteenAtMost) {
    const auto ndots = [](std::vector<PodDnsOption> options) {
        return ndots_of({{}, {}, std::move(options)});
    };
    EXPECT_EQ(ndots({}), 1U);
    EXPECT_EQ(ndots({{"ndots", "5"}}), 5U);
    EXPECT_EQ(ndots({{"ndots", "0"}}), 0U);
    EXPECT_EQ(ndots({{"ndots", "99"}}), 15U);
    for (const auto* wrong : {"", "-1", "5x", "99999999999"})
        EXPECT_EQ(ndots({{"ndots", wrong}}), std::nullopt) << wrong;
}

}  // namespace
}  // namespace fairlead::dns
