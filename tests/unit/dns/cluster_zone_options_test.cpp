#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/cluster_zone.h"
#include "support/dns_packets.h"
#include "support/dns_zone.h"
#include "support/kube_fixture.h"

namespace fairlead::dns {
namespace {

using test::ask;
using test::outcome_of;
using test::ZoneCluster;
using testing::ElementsAre;

TEST(ClusterZoneOptions, SeveralClusterDomainsHaveTheSameNamesAndPointersLeadToTheFirst) {
    ZoneOptions options;
    options.cluster_domains = {name("cluster.local"), name("Prod.Example.com")};
    ZoneCluster cluster(options);
    cluster.put(test::service("cart", {"10.96.0.1"}));
    cluster.apply();
    cluster.zone().set_synced();
    EXPECT_THAT(ask(cluster.zone(), "cart.shop.svc.prod.example.com", RecordType::kA).answer,
                ElementsAre("cart.shop.svc.prod.example.com. 5 A 10.96.0.1"));
    EXPECT_THAT(ask(cluster.zone(), "_http._tcp.cart.shop.svc.prod.example.com", RecordType::kSrv).answer,
                ElementsAre(testing::EndsWith("SRV 0 100 80 cart.shop.svc.prod.example.com.")));
    EXPECT_THAT(ask(cluster.zone(), "gone.prod.example.com", RecordType::kA).authority,
                ElementsAre(testing::StartsWith("prod.example.com. 5 SOA ns.dns.prod.example.com.")));
    EXPECT_THAT(ask(cluster.zone(), "1.0.96.10.in-addr.arpa", RecordType::kPtr).answer,
                ElementsAre("1.0.96.10.in-addr.arpa. 5 PTR cart.shop.svc.cluster.local."));
    EXPECT_EQ(outcome_of(cluster.zone(), "cart.shop.svc.example.com"), "OUTSIDE");
}

TEST(ClusterZoneOptions, ReverseRangesAreZonesOfOursWhereNothingFallsThrough) {
    ZoneOptions options;
    options.reverse_fall_through = false;
    options.reverse_ranges = {base::Prefix::parse("10.96.0.0/12").value(),
                              base::Prefix::parse("fd00:10:90::/44").value()};
    ZoneCluster cluster(options);
    cluster.put(test::service("cart", {"10.96.0.1", "fd00:10:96::1"}));
    cluster.put(test::service("far", {"192.0.2.1"}));
    cluster.apply();
    cluster.zone().set_synced();
    const std::string nibbles = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
    const struct {
        std::string name;
        RecordType type;
        const char* code;
        const char* zone;  ///< whose SOA the authority section has
    } cases[] = {
        {"1.0.96.10.in-addr.arpa", RecordType::kPtr, "NOERROR", ""},
        {"1.0.96.10.in-addr.arpa", RecordType::kTxt, "NOERROR", "96.10.in-addr.arpa."},
        {"2.0.96.10.in-addr.arpa", RecordType::kPtr, "NXDOMAIN", "96.10.in-addr.arpa."},
        {"9.9.111.10.in-addr.arpa", RecordType::kPtr, "NXDOMAIN", "111.10.in-addr.arpa."},
        {"9.9.112.10.in-addr.arpa", RecordType::kPtr, "OUTSIDE", ""},
        {"0.96.10.in-addr.arpa", RecordType::kPtr, "NOERROR", "96.10.in-addr.arpa."},
        {"96.10.in-addr.arpa", RecordType::kSoa, "NOERROR", ""},
        {"96.10.in-addr.arpa", RecordType::kNs, "NOERROR", ""},
        {"10.in-addr.arpa", RecordType::kSoa, "OUTSIDE", ""},
        {"x.0.96.10.in-addr.arpa", RecordType::kPtr, "NXDOMAIN", "96.10.in-addr.arpa."},
        {"1.1.0.96.10.in-addr.arpa", RecordType::kPtr, "NXDOMAIN", "96.10.in-addr.arpa."},
        {"1.2.0.192.in-addr.arpa", RecordType::kPtr, "OUTSIDE", ""},
        {"1." + nibbles + "6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa", RecordType::kPtr, "NOERROR", ""},
        {"2." + nibbles + "6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa", RecordType::kPtr, "NXDOMAIN",
         "9.0.0.0.1.0.0.0.0.d.f.ip6.arpa."},
        {"8.0.0.0.1.0.0.0.0.d.f.ip6.arpa", RecordType::kPtr, "OUTSIDE", ""},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(outcome_of(cluster.zone(), each.name, each.type), each.code) << each.name;
        const auto reply = ask(cluster.zone(), each.name, each.type);
        const std::string zone =
            reply.authority.empty() ? "" : reply.authority[0].substr(0, reply.authority[0].find(' '));
        EXPECT_EQ(zone, each.zone) << each.name;
    }
    EXPECT_EQ(cluster.zone().state_of(name("2.0.96.10.in-addr.arpa")), NameState::kMissing);
}

TEST(ClusterZoneOptions, ReverseRangesThatFallThroughOnlyLimitWhatIsAnswered) {
    ZoneOptions options;
    options.reverse_ranges = {base::Prefix::parse("10.96.0.0/12").value()};
    ZoneCluster cluster(options);
    cluster.put(test::service("cart", {"10.96.0.1"}));
    cluster.put(test::service("far", {"192.0.2.1"}));
    cluster.apply();
    cluster.zone().set_synced();
    EXPECT_EQ(outcome_of(cluster.zone(), "1.0.96.10.in-addr.arpa", RecordType::kPtr), "NOERROR");
    EXPECT_EQ(outcome_of(cluster.zone(), "2.0.96.10.in-addr.arpa", RecordType::kPtr), "OUTSIDE");
    EXPECT_EQ(outcome_of(cluster.zone(), "96.10.in-addr.arpa", RecordType::kSoa), "OUTSIDE");
    EXPECT_EQ(outcome_of(cluster.zone(), "1.2.0.192.in-addr.arpa", RecordType::kPtr), "OUTSIDE");
}

TEST(ClusterZoneOptions, PodNamesAreDisabledOrVerifiedOrOfAnyAddress) {
    const auto* const asked = "10-64-0-1.shop.pod.cluster.local";
    const kube::PodAddresses first{{"shop", "a"}, {base::IpAddress::parse("10.64.0.1").value()}};
    const kube::PodAddresses second{{"shop", "b"}, first.addresses};
    for (const auto mode : {PodNames::kDisabled, PodNames::kInsecure, PodNames::kVerified}) {
        ZoneOptions options;
        options.pod_names = mode;
        ZoneCluster cluster(options);
        cluster.put(test::name_space("shop"));
        cluster.put(test::name_space("other"));
        cluster.apply();
        cluster.zone().set_synced();
        cluster.zone().set_pods_synced();
        EXPECT_EQ(outcome_of(cluster.zone(), asked), mode == PodNames::kInsecure ? "NOERROR" : "NXDOMAIN");
        EXPECT_EQ(outcome_of(cluster.zone(), "shop.pod.cluster.local"), "NOERROR");
        cluster.put(first);
        cluster.apply();
        EXPECT_EQ(outcome_of(cluster.zone(), asked), mode == PodNames::kDisabled ? "NXDOMAIN" : "NOERROR");
        if (mode != PodNames::kVerified) continue;
        EXPECT_EQ(outcome_of(cluster.zone(), "10-64-0-1.other.pod.cluster.local"), "NXDOMAIN");
        EXPECT_EQ(outcome_of(cluster.zone(), "10-64-0-2.shop.pod.cluster.local"), "NXDOMAIN");
        cluster.put(second);
        cluster.stores().pod_addresses.remove(first.key);
        cluster.apply();
        EXPECT_EQ(outcome_of(cluster.zone(), asked), "NOERROR") << "another Pod has the address";
        cluster.stores().pod_addresses.remove(second.key);
        cluster.apply();
        EXPECT_EQ(outcome_of(cluster.zone(), asked), "NXDOMAIN");
    }
}

TEST(ClusterZoneOptions, AVerifiedPodNameIsMissingOnlyWhenAllPodsAreKnown) {
    ZoneOptions options;
    options.pod_names = PodNames::kVerified;
    ZoneCluster cluster(options);
    cluster.put(test::name_space("shop"));
    cluster.put(kube::PodAddresses{{"shop", "a"}, {base::IpAddress::parse("10.64.0.1").value()}});
    cluster.apply();
    cluster.zone().set_synced();
    const auto* const unknown = "10-64-0-2.shop.pod.cluster.local";
    EXPECT_EQ(outcome_of(cluster.zone(), "10-64-0-1.shop.pod.cluster.local"), "NOERROR");
    EXPECT_EQ(outcome_of(cluster.zone(), "x.shop.pod.cluster.local"), "NXDOMAIN") << "no address at all";
    EXPECT_EQ(outcome_of(cluster.zone(), unknown), "SERVFAIL");
    EXPECT_EQ(cluster.zone().state_of(name(unknown)), NameState::kUnknown);
    cluster.zone().set_pods_synced();
    EXPECT_EQ(outcome_of(cluster.zone(), unknown), "NXDOMAIN");
}

TEST(ClusterZoneOptions, EndpointsCanBeCalledByTheirPods) {
    ZoneOptions options;
    options.endpoint_naming = EndpointNaming::kPodName;
    ZoneCluster cluster(options);
    cluster.put(test::headless_service("shop", "db"));
    auto slice = test::endpoint_slice("shop", "db", "db-1",
                                      {"10.64.1.1", "host=10.64.1.2", "10.64.1.3", "10.64.1.4"}, {});
    slice.pods.set(0, "db-7c4f");
    slice.pods.set(1, "db-9x2k");
    slice.pods.set(2, std::string(64, 'p'));
    slice.pods.set(3, "db.0");
    cluster.put(std::move(slice));
    cluster.apply();
    cluster.zone().set_synced();
    EXPECT_EQ(outcome_of(cluster.zone(), "db-7c4f.db.shop.svc.cluster.local"), "NOERROR");
    EXPECT_EQ(outcome_of(cluster.zone(), "10-64-1-1.db.shop.svc.cluster.local"), "NXDOMAIN");
    EXPECT_EQ(outcome_of(cluster.zone(), "host.db.shop.svc.cluster.local"), "NOERROR")
        << "a hostname comes first";
    EXPECT_EQ(outcome_of(cluster.zone(), "db-9x2k.db.shop.svc.cluster.local"), "NXDOMAIN");
    EXPECT_EQ(outcome_of(cluster.zone(), "10-64-1-3.db.shop.svc.cluster.local"), "NOERROR")
        << "too long for a label";
    EXPECT_EQ(outcome_of(cluster.zone(), "10-64-1-4.db.shop.svc.cluster.local"), "NOERROR")
        << "more than a label";
    EXPECT_THAT(ask(cluster.zone(), "1.1.64.10.in-addr.arpa", RecordType::kPtr).answer,
                ElementsAre(testing::EndsWith(" db-7c4f.db.shop.svc.cluster.local.")));
}

TEST(ClusterZoneOptions, TheDnsServiceMayBeHeadlessOrAnother) {
    ZoneOptions options;
    options.dns_service = {"shop", "db"};
    ZoneCluster cluster(options);
    cluster.put(test::headless_service("shop", "db"));
    cluster.put(test::endpoint_slice("shop", "db", "db-1", {"10.64.1.1"}, {}));
    cluster.apply();
    cluster.zone().set_synced();
    EXPECT_THAT(ask(cluster.zone(), "ns.dns.cluster.local", RecordType::kA).answer,
                ElementsAre("ns.dns.cluster.local. 5 A 10.64.1.1"));
    EXPECT_EQ(outcome_of(cluster.zone(), "cluster.local", RecordType::kNs), "NOERROR");
}

}  // namespace
}  // namespace fairlead::dns
