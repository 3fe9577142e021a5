#include "dns/cluster_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster_zone_fixture.h"
#include "support/dns_packets.h"
#include "support/kube_fixture.h"

namespace fairlead::dns {
namespace {

using test::ask;
using test::outcome_of;
using test::ZoneCluster;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kCart = "cart.shop.svc.cluster.local";

TEST(ClusterZone, NegativeAnswersCarryTheSoaWithTheTimeOfTheLastChange) {
    ZoneCluster cluster;
    cluster.put(test::service("cart", {"10.96.0.1"}));
    cluster.apply(1'700'000'123);
    cluster.zone().set_synced();
    EXPECT_THAT(
        ask(cluster.zone(), kCart, RecordType::kAaaa).authority,
        ElementsAre("cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000123 7200 "
                    "1800 86400 5"));
    cluster.apply(1'800'000'000);
    EXPECT_THAT(ask(cluster.zone(), "cluster.local", RecordType::kSoa).answer,
                ElementsAre(testing::HasSubstr(" 1700000123 ")))
        << "nothing changed";
}

TEST(ClusterZone, TheTtlIsThatOfTheOptionsButThatOfNegativeAnswersAtMostFiveMinutes) {
    for (const std::uint32_t ttl_s : {0U, 5U, 300U, 3600U}) {
        ZoneOptions options;
        options.ttl_s = ttl_s;
        ZoneCluster cluster(options);
        cluster.put(test::service("cart", {"10.96.0.1"}));
        cluster.apply();
        cluster.zone().set_synced();
        const auto ttl = " " + std::to_string(ttl_s) + " ";
        EXPECT_THAT(ask(cluster.zone(), kCart, RecordType::kA).answer,
                    ElementsAre("cart.shop.svc.cluster.local." + ttl + "A 10.96.0.1"));
        EXPECT_THAT(
            ask(cluster.zone(), kCart, RecordType::kMx).authority,
            ElementsAre(testing::AllOf(
                testing::StartsWith("cluster.local. " + std::to_string(std::min(ttl_s, 300U)) + " SOA"),
                testing::EndsWith(" " + std::to_string(ttl_s)))));
        EXPECT_THAT(ask(cluster.zone(), "dns-version.cluster.local", RecordType::kTxt).answer,
                    ElementsAre(testing::HasSubstr(" 28800 TXT ")));
    }
}

TEST(ClusterZone, WhatIsKnownIsServedBeforeEverythingIsAndTheRestFails) {
    ZoneCluster cluster(test::vector_options());
    cluster.put(test::service("cart", {"10.96.0.1"}));
    cluster.put(test::headless_service("shop", "db"));
    cluster.put(
        test::endpoint_slice("shop", "db", "db-1", {"10.64.1.1"}, {{"pg", base::L4Protocol::kTcp, 5432}}));
    cluster.put(test::external_service("shop", "gone", "missing.shop.svc.cluster.local"));
    cluster.apply();
    const struct {
        const char* name;
        RecordType type;
        const char* before;
        const char* after;
        NameState state_before;
    } cases[] = {
        {kCart, RecordType::kA, "NOERROR", "NOERROR", NameState::kExists},
        {kCart, RecordType::kAaaa, "NOERROR", "NOERROR", NameState::kExists},
        {"db.shop.svc.cluster.local", RecordType::kA, "NOERROR", "NOERROR", NameState::kExists},
        {"db.shop.svc.cluster.local", RecordType::kAaaa, "SERVFAIL", "NOERROR", NameState::kExists},
        {"missing.shop.svc.cluster.local", RecordType::kA, "SERVFAIL", "NXDOMAIN", NameState::kUnknown},
        {"gone.shop.svc.cluster.local", RecordType::kA, "SERVFAIL", "NXDOMAIN", NameState::kExists},
        {"10-64-1-2.db.shop.svc.cluster.local", RecordType::kA, "SERVFAIL", "NXDOMAIN", NameState::kUnknown},
        {"1-2-3-4.other.pod.cluster.local", RecordType::kA, "SERVFAIL", "NXDOMAIN", NameState::kUnknown},
        {"other.svc.cluster.local", RecordType::kA, "SERVFAIL", "NXDOMAIN", NameState::kUnknown},
        {"svc.cluster.local", RecordType::kA, "NOERROR", "NOERROR", NameState::kExists},
        {"cluster.local", RecordType::kSoa, "NOERROR", "NOERROR", NameState::kExists},
        {"ns.dns.cluster.local", RecordType::kA, "SERVFAIL", "NOERROR", NameState::kExists},
        {"1.1.64.10.in-addr.arpa", RecordType::kPtr, "NOERROR", "NOERROR", NameState::kExists},
        {"2.1.64.10.in-addr.arpa", RecordType::kPtr, "OUTSIDE", "OUTSIDE", NameState::kOutside},
        {"www.example.com", RecordType::kA, "OUTSIDE", "OUTSIDE", NameState::kOutside},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(outcome_of(cluster.zone(), each.name, each.type), each.before) << each.name;
        EXPECT_EQ(cluster.zone().state_of(name(each.name)), each.state_before) << each.name;
    }
    EXPECT_THAT(ask(cluster.zone(), "gone.shop.svc.cluster.local", RecordType::kA).answer, IsEmpty());
    cluster.zone().set_synced();
    for (const auto& each : cases)
        EXPECT_EQ(outcome_of(cluster.zone(), each.name, each.type), each.after) << each.name;
}

TEST(ClusterZone, AChangeIsSeenByTheVeryNextQuery) {
    ZoneCluster cluster;
    cluster.zone().set_synced();
    const auto answer = [&](std::string_view asked) {
        std::vector<std::string> data;
        for (const auto& record : ask(cluster.zone(), asked, RecordType::kA).answer)
            data.push_back(record.substr(record.rfind(' ') + 1));
        return data;
    };
    EXPECT_EQ(outcome_of(cluster.zone(), kCart), "NXDOMAIN");
    cluster.put(test::service("cart", {"10.96.0.1"}));
    cluster.apply();
    EXPECT_THAT(answer(kCart), ElementsAre("10.96.0.1"));
    cluster.put(test::service("cart", {"10.96.0.2"}));
    cluster.apply();
    EXPECT_THAT(answer(kCart), ElementsAre("10.96.0.2"));
    EXPECT_EQ(outcome_of(cluster.zone(), "1.0.96.10.in-addr.arpa", RecordType::kPtr), "OUTSIDE");
    EXPECT_EQ(outcome_of(cluster.zone(), "2.0.96.10.in-addr.arpa", RecordType::kPtr), "NOERROR");
    cluster.put(test::external_service("shop", "cart", "www.example.com"));
    cluster.apply();
    EXPECT_EQ(outcome_of(cluster.zone(), kCart), "FOLLOW www.example.com.");
    EXPECT_EQ(outcome_of(cluster.zone(), "2.0.96.10.in-addr.arpa", RecordType::kPtr), "OUTSIDE");
    cluster.put(test::headless_service("shop", "cart"));
    cluster.apply();
    EXPECT_EQ(outcome_of(cluster.zone(), kCart), "NXDOMAIN");
    cluster.put(test::endpoint_slice("shop", "cart", "cart-1", {"10.64.0.1"}, {}));
    cluster.apply();
    EXPECT_THAT(answer(kCart), ElementsAre("10.64.0.1"));
    cluster.put(test::endpoint_slice("shop", "other", "cart-1", {"10.64.0.1"}, {}));
    cluster.apply();
    EXPECT_EQ(outcome_of(cluster.zone(), kCart), "NXDOMAIN") << "the slice is another Service's now";
    cluster.put(test::headless_service("shop", "other"));
    cluster.apply();
    EXPECT_THAT(answer("other.shop.svc.cluster.local"), ElementsAre("10.64.0.1"));
    cluster.stores().slices.remove({"shop", "cart-1"});
    cluster.stores().services.remove({"shop", "cart"});
    cluster.stores().services.remove({"shop", "other"});
    cluster.apply();
    EXPECT_EQ(outcome_of(cluster.zone(), "shop.svc.cluster.local"), "NXDOMAIN")
        << "the last name in the namespace went";
    cluster.put(test::name_space("shop"));
    cluster.apply();
    EXPECT_EQ(outcome_of(cluster.zone(), "shop.svc.cluster.local"), "NOERROR");
    cluster.stores().namespaces.remove({"", "shop"});
    cluster.apply();
    EXPECT_EQ(outcome_of(cluster.zone(), "shop.svc.cluster.local"), "NXDOMAIN");
}

TEST(ClusterZone, NamesThatCannotBeAreNeverServed) {
    ZoneCluster cluster;
    auto service = test::service("Cart.x", {"10.96.0.1"});
    cluster.put(service);
    service.key = {"", "cart"};
    cluster.put(service);
    service.key = {"shop", std::string(64, 'a')};
    cluster.put(service);
    cluster.put(test::external_service("shop", "web", std::string(300, 'a')));
    cluster.apply();
    cluster.zone().set_synced();
    EXPECT_EQ(outcome_of(cluster.zone(), "1.0.96.10.in-addr.arpa", RecordType::kPtr), "OUTSIDE");
    EXPECT_EQ(outcome_of(cluster.zone(), "web.shop.svc.cluster.local"), "NXDOMAIN");
}

TEST(ClusterZone, ARemovedServiceIsFreedOnceReadersHaveMovedOn) {
    kube::Stores stores;
    stores.services.put(test::headless_service("shop", "db"));
    stores.slices.put(
        test::endpoint_slice("shop", "db", "db-1", {"10.64.1.1"}, {{"pg", base::L4Protocol::kTcp, 5432}}));
    ClusterZone zone{{}};
    ReaderGate gate(zone.reclaimer());
    zone.apply(stores.take_changes(), stores, {});
    const std::weak_ptr<const kube::EndpointSlice> kept = stores.slices.find({"shop", "db-1"});
    ASSERT_FALSE(kept.expired());
    stores.services.remove({"shop", "db"});
    stores.slices.remove({"shop", "db-1"});
    zone.apply(stores.take_changes(), stores, {});
    EXPECT_FALSE(kept.expired()) << "the reader may be looking at it";
    gate.quiescent();
    EXPECT_EQ(zone.reclaimer().reclaim(), 0U);
    EXPECT_TRUE(kept.expired());
}

}  // namespace
}  // namespace fairlead::dns
