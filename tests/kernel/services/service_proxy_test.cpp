#include "services/service_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/random.h"
#include "kernel/nftables/monitor.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using kernel::nftables::Element;
using kernel::nftables::NetlinkNftTables;
using kernel::nftables::NftMonitor;
using test::output_of;
using testing::HasSubstr;
using testing::Not;

Options options() {
    Options options;
    options.compile.node.name = "n1";
    options.compile.node_port_addresses = {base::IpAddress::parse("192.0.2.1").value(),
                                           base::IpAddress::parse("2001:db8::1").value()};
    options.pods.cidrs = {base::Prefix::parse("10.64.0.0/10").value(),
                          base::Prefix::parse("fd00:64::/48").value()};
    options.service_cidrs = {base::Prefix::parse("10.96.0.0/12").value(),
                             base::Prefix::parse("fd00:96::/112").value()};
    return options;
}

/// A Service with everything that is optional.
kube::Service door() {
    auto service = test::service("door", {"10.96.0.3", "fd00:96::3"});
    service.type = kube::ServiceType::kLoadBalancer;
    service.ports.front().node_port = 30'080;
    service.load_balancer_ips = {base::IpAddress::parse("203.0.113.10").value(),
                                 base::IpAddress::parse("2001:db8:113::10").value()};
    service.load_balancer_source_ranges = {base::Prefix::parse("198.51.100.0/24").value(),
                                           base::Prefix::parse("2001:db8:51::/48").value()};
    service.affinity_timeout_s = 10'800;
    service.external_traffic_policy = kube::TrafficPolicy::kLocal;
    return service;
}

class ServiceProxyTest : public testing::Test {
  protected:
    void TearDown() override { output_of("nft flush ruleset"); }

    SyncReport sync(ServiceProxy& proxy, Family family = Family::kIpv4) {
        const auto report = proxy.sync(family, {});
        EXPECT_TRUE(report) << report.error().message;
        return report.value_or(SyncReport{});
    }

    /// All elements of all sets of a table.
    std::set<Element> elements(Family family) {
        std::set<Element> all;
        for (const auto set : {"frontends", "outside_frontends", "endpoints", "sticky_endpoints", "alive",
                               "allowed_sources", "no_endpoints", "dropped", "cluster_ips", "masquerade_all",
                               "masquerade_node", "hairpin", "service_cidrs", "pod_cidrs", "kept_sources"})
            EXPECT_TRUE(tables_.read_elements(
                family, "fairlead", set, [] {}, [&](Element element) { all.insert(std::move(element)); }));
        return all;
    }

    NetlinkNftTables tables_ = *NetlinkNftTables::open();
    NftMonitor any_change_ = *NftMonitor::open("fairlead", 0);
};

TEST_F(ServiceProxyTest, TheTablesReadWellInStockNft) {
    ServiceProxy proxy{options(), tables_};
    proxy.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1", "fd00:96::1"}))));
    proxy.stage(test::change({}, test::shared(test::slice("cart", {"10.64.0.1", "10.64.0.2"}, "a"))));
    proxy.stage(test::change({}, test::shared(test::slice("cart", {"fd00:64::1"}, "b"))));
    proxy.stage(test::change({}, test::shared(test::service("empty", {"10.96.0.2", "fd00:96::2"}))));
    proxy.stage(test::change({}, test::shared(door())));
    proxy.stage(test::change({}, test::shared(test::slice("door", {"10.64.0.3", "10.64.0.4"}, "a"))));
    proxy.stage(test::change({}, test::shared(test::slice("door", {"fd00:64::3", "fd00:64::4"}, "b"))));
    for (const auto& [family, name] : {std::pair{Family::kIpv4, "ip"}, {Family::kIpv6, "ip6"}}) {
        sync(proxy, family);
        const std::string listing = output_of(std::string("nft list table ") + name + " fairlead");
        if (std::getenv("FAIRLEAD_WRITE_GOLDEN") != nullptr)
            std::ofstream(std::string(FAIRLEAD_TEST_DATA) + "/golden/" + name + ".nft") << listing;
        const std::string golden_path = std::string(FAIRLEAD_TEST_DATA) + "/golden/" + name + ".nft";
        std::ifstream golden(golden_path);
        const std::string wanted{std::istreambuf_iterator<char>(golden), {}};
        EXPECT_EQ(listing, wanted) << "compare with " << golden_path;
    }
}

/// Its 1024 slots would hide everything else in the golden files.
TEST_F(ServiceProxyTest, ConsistentAndResettingBalancersReadWellInStockNftAndAreReadBack) {
    auto service = door();
    service.annotations.edit()["fairlead.io/balancing"] = "consistent";
    auto plain = test::service("cart", {"10.96.0.1", "fd00:96::1"});
    plain.annotations = service.annotations;
    service.annotations.edit()["fairlead.io/reset-connections"] = "endpoint-removed";
    const auto stage_all = [&](ServiceProxy& proxy) {
        proxy.stage(test::change({}, test::shared(plain)));
        proxy.stage(test::change({}, test::shared(service)));
        for (const auto* name : {"cart", "door"}) {
            proxy.stage(test::change({}, test::shared(test::slice(name, {"10.64.0.1", "10.64.0.2"}, "a"))));
            proxy.stage(test::change({}, test::shared(test::slice(name, {"fd00:64::1", "fd00:64::2"}, "b"))));
        }
    };
    ServiceProxy proxy{options(), tables_};
    stage_all(proxy);
    for (const auto& [family, name] : {std::pair{Family::kIpv4, "ip"}, {Family::kIpv6, "ip6"}}) {
        const std::string ip = name;
        sync(proxy, family);
        EXPECT_THAT(output_of("nft list chain " + ip + " fairlead balance-1024-consistent"),
                    HasSubstr("to jhash " + ip + " saddr mod 1024 seed 0x66616972 . " + ip +
                              " daddr . meta l4proto . th dport map @endpoints"));
        const auto sticky = output_of("nft list chain " + ip +
                                      " fairlead balance-1024-resetting-split-consistent-sticky-10800");
        EXPECT_THAT(sticky, HasSubstr("tcp flags ! syn goto refuse"));
        EXPECT_THAT(sticky, HasSubstr("one of @sticky_endpoints by the client's address"));
        EXPECT_THAT(output_of("nft list table " + ip + " fairlead"), HasSubstr("0x000003ff . "));
        ServiceProxy second{options(), tables_};
        stage_all(second);
        EXPECT_EQ(sync(second, family).transactions, 0U);
        EXPECT_EQ(second.proxy(family).programmed().endpoint_count,
                  proxy.proxy(family).programmed().endpoint_count);
    }
}

TEST_F(ServiceProxyTest, ChangesOfAnEndpointTouchElementsOnlyAndAsFewAsCanBe) {
    ServiceProxy proxy{options(), tables_};
    const auto three = test::shared(test::slice("cart", {"10.64.0.1", "10.64.0.2", "10.64.0.3"}));
    const auto replaced = test::shared(test::slice("cart", {"10.64.0.1", "10.64.0.4", "10.64.0.3"}));
    const auto two = test::shared(test::slice("cart", {"10.64.0.4", "10.64.0.3"}));
    proxy.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    proxy.stage(test::change({}, three));
    EXPECT_TRUE(sync(proxy).table_created);

    proxy.stage(test::change(three, replaced));
    auto report = sync(proxy);
    EXPECT_EQ(report.transactions, 1U);
    EXPECT_EQ(report.elements_added, 3U) << "one endpoint, in the set of all, and one hairpin";
    EXPECT_EQ(report.elements_deleted, 3U);

    proxy.stage(test::change(replaced, two));
    report = sync(proxy);
    EXPECT_EQ(report.transactions, 1U);
    EXPECT_EQ(report.elements_added, 3U) << "the moved endpoint, the frontend's size, the new balancer";
    EXPECT_EQ(report.elements_deleted, 5U)
        << "two endpoints, one of the set of all, the frontend's size, one hairpin";

    EXPECT_EQ(sync(proxy).transactions, 0U);
}

TEST_F(ServiceProxyTest, ARestartChangesNothingThatIsRight) {
    const auto fill = [](ServiceProxy& proxy) {
        for (int i = 1; i <= 50; ++i) {
            const auto number = std::to_string(i);
            proxy.stage(test::change({}, test::shared(test::service("s" + number, {"10.96.0." + number}))));
            proxy.stage(test::change(
                {}, test::shared(test::slice("s" + number, {"10.64.1." + number, "10.64.2." + number}))));
        }
    };
    ServiceProxy first{options(), tables_};
    fill(first);
    sync(first);
    const auto removed = test::shared(test::slice("s7", {"10.64.1.7", "10.64.2.7"}));
    const auto kept = test::shared(test::slice("s7", {"10.64.2.7"}));
    first.stage(test::change(removed, kept));
    sync(first);
    first.stage(test::change(kept, removed));
    sync(first);
    ASSERT_TRUE(any_change_.drain());

    ServiceProxy second{options(), tables_};
    fill(second);
    const auto report = sync(second);
    EXPECT_EQ(report.transactions, 0U);
    EXPECT_FALSE(any_change_.drain().value()) << "the monitor saw an event";
}

TEST_F(ServiceProxyTest, ARestartRemovesWhatNobodyWantsAnyMore) {
    ServiceProxy first{options(), tables_};
    first.stage(test::change({}, test::shared(test::service("old", {"10.96.0.9"}))));
    first.stage(test::change({}, test::shared(test::slice("old", {"10.64.0.9"}))));
    sync(first);
    ServiceProxy second{options(), tables_};
    sync(second);
    EXPECT_THAT(output_of("nft list table ip fairlead"), Not(HasSubstr("10.96.0.9")));
}

TEST_F(ServiceProxyTest, AFlushOrAnEditIsRepairedOnceTheKernelIsDistrusted) {
    ServiceProxy proxy{options(), tables_};
    proxy.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    proxy.stage(test::change({}, test::shared(test::slice("cart", {"10.64.0.1", "10.64.0.2"}))));
    proxy.stage(test::change({}, test::shared(door())));
    proxy.stage(test::change({}, test::shared(test::slice("door", {"10.64.0.3", "10.64.0.4"}, "a"))));
    sync(proxy);
    const auto right = elements(Family::kIpv4);
    for (const auto* damage :
         {"nft flush ruleset",
          "nft flush map ip fairlead endpoints",
          "nft flush chain ip fairlead services",
          "nft delete element ip fairlead cluster_ips { 10.96.0.1 }",
          "nft add element ip fairlead cluster_ips { 10.96.0.77 }",
          "nft add element ip fairlead hairpin { 10.64.0.8 . 10.64.0.9 }",
          "nft add element ip fairlead balancers { 0x7 . 0x0 : accept }",
          "nft add element ip fairlead balancers { 0x7 . 0x0 : goto balance-2 }",
          "nft add element ip fairlead no_endpoints { 10.96.0.66 . icmp . 80 }",
          "nft add element ip fairlead dropped { 10.96.0.1 . tcp . 80 }",
          "nft add element ip fairlead endpoints { 0x5 . 10.96.0.1 . tcp . 80 : 10.64.0.1 . 80 }",
          "nft delete element ip fairlead alive { 10.96.0.3 . tcp . 80 . 10.64.0.3 . 8080 }",
          "nft add element ip fairlead outside_alive { 10.96.0.3 . tcp . 80 . 10.64.0.3 . 8080 }",
          "nft add element ip fairlead masquerade_all { 192.0.2.1 . tcp . 30080 }",
          "nft add element ip fairlead masquerade_node { 10.96.0.1 . tcp . 80 }",
          "nft delete element ip fairlead masquerade_node { 192.0.2.1 . tcp . 30080 }",
          "nft add element ip fairlead allowed_sources { 10.96.0.1 . tcp . 80 . 10.0.0.0/8 }",
          "nft add element ip fairlead allowed_sources { 203.0.113.10 . tcp . 80 . 10.0.0.1-10.0.0.6 }",
          "nft flush set ip fairlead allowed_sources",
          "nft flush map ip fairlead sticky_endpoints",
          "nft add element ip fairlead dropped { 192.0.2.1 . tcp . 30080 }",
          "nft add set ip fairlead extra '{ type mark; }'",
          "nft add chain ip fairlead extra",
          "nft insert rule ip fairlead services accept"}) {
        const auto before = output_of("nft list ruleset");
        output_of(damage);
        ASSERT_NE(output_of("nft list ruleset"), before) << damage;
        proxy.distrust_kernel();
        const auto report = sync(proxy);
        const bool of_elements = std::string_view(damage).contains("element") ||
                                 std::string_view(damage).starts_with("nft flush map") ||
                                 std::string_view(damage).starts_with("nft flush set");
        EXPECT_EQ(report.table_replaced || report.table_created, !of_elements) << damage;
        EXPECT_TRUE(!of_elements || report.elements_added <= 8) << damage;
        EXPECT_EQ(elements(Family::kIpv4), right) << damage;
        EXPECT_THAT(output_of("nft list table ip fairlead"), Not(HasSubstr("extra"))) << damage;
        proxy.distrust_kernel();
        EXPECT_EQ(sync(proxy).transactions, 0U) << damage;
    }
}

TEST_F(ServiceProxyTest, ATableOfAnotherLayoutIsReplacedInOneTransactionButForTheGuardsSet) {
    output_of("nft 'table ip fairlead { comment \"fairlead layout 0\"; chain services { }; }'");
    ServiceProxy proxy{options(), tables_};
    proxy.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    proxy.stage(test::change({}, test::shared(test::slice("cart", {"10.64.0.1"}))));
    const auto report = sync(proxy);
    EXPECT_TRUE(report.table_replaced);
    EXPECT_EQ(report.transactions, 2U) << "no Service may be missing meanwhile; the guard's set comes then";
    EXPECT_THAT(output_of("nft list table ip fairlead"), HasSubstr("10.64.0.1"));
}

TEST_F(ServiceProxyTest, AnyOrderOfChangesEndsAsIfItHadStartedThere) {
    const std::uint64_t seed = 4242;
    base::Random random{seed};
    kube::Stores stores;
    ServiceProxy incremental{options(), tables_};
    for (int round = 0; round < 60; ++round) {
        for (int edit = 0; edit < 4; ++edit) {
            const auto name = "s" + std::to_string(random.below(8));
            // Two names share each address now and then: conflicts are part of life.
            const auto address = "10.96.0." + std::to_string(1 + random.below(6));
            std::vector<std::string> backends;
            for (int i = 0; i < 6; ++i)
                if (random.below(2) == 0) backends.push_back("10.64.0." + std::to_string(1 + i));
            switch (random.below(5)) {
                case 0:
                    stores.services.remove({"shop", name});
                    break;
                case 1:
                    stores.slices.remove({"shop", name + "-1"});
                    break;
                case 2:
                    stores.services.put(test::service(name, {address}));
                    break;
                default:
                    stores.slices.put(test::slice(name, backends));
            }
        }
        incremental.stage(stores.take_changes());
        sync(incremental);

        ServiceProxy fresh{options(), tables_};
        kube::ChangeSet everything;
        stores.services.for_each([&](const auto& service) { everything.services.push_back({{}, service}); });
        stores.slices.for_each([&](const auto& slice) { everything.slices.push_back({{}, slice}); });
        fresh.stage(everything);
        const auto report = sync(fresh);
        ASSERT_EQ(report.elements_added + report.elements_deleted, 0U)
            << "seed " << seed << " round " << round;
    }
}

TEST_F(ServiceProxyTest, ReconfiguredRangesAreWrittenAndNothingElse) {
    ServiceProxy proxy{options(), tables_};
    sync(proxy);
    auto changed = options();
    changed.pods.cidrs = {base::Prefix::parse("10.128.0.0/16").value(),
                          base::Prefix::parse("10.128.7.0/24").value()};
    proxy.configure(changed);
    const auto report = sync(proxy);
    EXPECT_EQ(report.elements_added, 2U)
        << "one in pod_cidrs and kept_sources: that inside another is left out";
    EXPECT_EQ(report.elements_deleted, 2U);
    EXPECT_THAT(output_of("nft list set ip fairlead pod_cidrs"), HasSubstr("{ 10.128.0.0/16 }"));
}

TEST_F(ServiceProxyTest, ReconfiguredPodSourcesOfEveryKindReplaceEachOther) {
    const auto prefix = [](std::string_view text) { return base::Prefix::parse(text).value(); };
    const PodSources kinds[] = {
        {{prefix("10.0.0.0/8"), prefix("fd00::/16")}, {}, {}},
        {{prefix("10.0.0.0/9"), prefix("fd00:1::/32")}, {}, {}},
        {{prefix("0.0.0.0/0")}, {}, {}},
        {},
        {{}, {}, {"veth"}},
        {{}, {"cni0"}, {"cali", "cali1"}},
        {{}, {"cni0", "cali"}, {"v"}},
        {{prefix("10.64.0.0/16")}, {"vmbr"}, {}},
    };
    ServiceProxy proxy{options(), tables_};
    for (const bool masquerade_all : {false, true})
        for (const auto& pods : kinds) {
            auto changed = options();
            changed.pods = pods;
            changed.masquerade_all = masquerade_all;
            proxy.configure(changed);
            for (const auto family : {Family::kIpv4, Family::kIpv6}) {
                sync(proxy, family);
                ServiceProxy fresh{changed, tables_};
                EXPECT_EQ(sync(fresh, family).transactions, 0U)
                    << "what is there is what a fresh start wants";
            }
        }
}

TEST_F(ServiceProxyTest, AnElementThatIsThereAlreadyFailsOneSyncAndIsPutRightByTheNext) {
    for (const auto* foreign : {"frontends { 10.96.0.1 . tcp . 80 : 0x1 . 0x1 . 0x0 }",
                                "frontends { 10.96.0.1 . tcp . 80 : 0x7 . 0x7 . 0x0 }",
                                "endpoints { 0x1 . 10.96.0.1 . tcp . 80 : 10.64.0.99 . 99 }",
                                "cluster_ips { 10.96.0.1 }", "hairpin { 10.64.0.1 . 10.64.0.1 }"}) {
        SCOPED_TRACE(foreign);
        output_of("nft flush ruleset");
        ServiceProxy proxy{options(), tables_};
        proxy.stage(test::change({}, test::shared(test::service("other", {"10.96.0.2"}))));
        proxy.stage(test::change({}, test::shared(test::slice("other", {"10.64.0.9"}))));
        sync(proxy);
        output_of(std::string("nft 'add element ip fairlead ") + foreign + "'");
        proxy.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
        proxy.stage(test::change({}, test::shared(test::slice("cart", {"10.64.0.1", "10.64.0.2"}))));
        const auto refused = proxy.sync(Family::kIpv4, {});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, base::ErrorCode::kExists) << refused.error().message;
        EXPECT_THAT(refused.error().message, HasSubstr("table ip fairlead"));
        EXPECT_THAT(output_of("nft list map ip fairlead frontends"), HasSubstr("10.96.0.2"));
        sync(proxy);
        const auto repaired = elements(Family::kIpv4);
        output_of("nft delete table ip fairlead");
        proxy.distrust_kernel();
        sync(proxy);
        EXPECT_EQ(repaired, elements(Family::kIpv4));
    }
}

TEST_F(ServiceProxyTest, TablesOfOthersWithTheSameNamesInThemAreLeftAlone) {
    const std::string contents =
        " { set cluster_ips { type ipv4_addr; elements = { 10.96.0.1 }; }; map frontends { type ipv4_addr : "
        "mark; "
        "elements = { 10.96.0.1 : 0x5 }; }; chain services { counter; }; chain balance-1 { jump services; }; "
        "}";
    for (const auto* table :
         {"inet fairlead", "ip fairlead2", "arp fairlead", "bridge fairlead", "ip Fairlead"})
        output_of(std::string("nft 'table ") + table + contents + "'");
    const auto others = [] {
        return output_of(
            "for t in 'inet fairlead' 'ip fairlead2' 'arp fairlead' 'bridge fairlead' 'ip Fairlead'; do nft "
            "-a list "
            "table $t; done");
    };
    const auto before = others();
    ASSERT_THAT(before, HasSubstr("bridge fairlead"));
    const auto cart = test::shared(test::service("cart", {"10.96.0.1", "fd00:96::1"}));
    {
        ServiceProxy proxy{options(), tables_};
        proxy.stage(test::change({}, cart));
        for (const auto family : {Family::kIpv4, Family::kIpv6})
            EXPECT_TRUE(sync(proxy, family).table_created);
        output_of("nft flush chain ip fairlead services");
        proxy.distrust_kernel();
        EXPECT_TRUE(sync(proxy).table_replaced);
    }
    ServiceProxy restarted{options(), tables_};
    restarted.stage(test::change({}, cart));
    EXPECT_EQ(sync(restarted).transactions, 0U) << "tables of others are not taken for ours";
    EXPECT_EQ(others(), before);
    ASSERT_TRUE(remove_tables(tables_));
    EXPECT_EQ(others(), before);
}

TEST_F(ServiceProxyTest, RemoveTablesTakesOnlyOurs) {
    output_of("nft add table ip other; nft add table inet fairlead");
    ServiceProxy proxy{options(), tables_};
    sync(proxy);
    sync(proxy, Family::kIpv6);
    ASSERT_TRUE(remove_tables(tables_));
    EXPECT_EQ(output_of("nft list tables"), "table ip other\ntable inet fairlead\n");
    EXPECT_TRUE(remove_tables(tables_)) << "again";
}

}  // namespace
}  // namespace fairlead::services
