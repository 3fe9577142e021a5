#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dns/cluster_zone.h"
#include "support/dns_zone.h"
#include "support/kube_fixture.h"

namespace fairlead::dns {
namespace {

using test::ask;
using test::outcome_of;
using test::ZoneCluster;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr auto kDb = "db.shop.svc.cluster.local";

TEST(ClusterZoneReplies, AddressesStandInAnOrderThatTheDrawChooses) {
    ZoneCluster cluster;
    cluster.put(test::headless_service("shop", "db"));
    cluster.put(
        test::endpoint_slice("shop", "db", "db-1", {"10.64.1.1", "10.64.1.2", "10.64.1.3", "10.64.1.4"}, {}));
    cluster.apply();
    std::map<std::string, int> first;
    std::set<std::vector<std::string>> orders;
    for (std::uint64_t draw = 0; draw < 4'000; ++draw) {
        const auto answer =
            ask(cluster.zone(), kDb, RecordType::kA, {.draw = draw * 0x9e3779b97f4a7c15U}).answer;
        ASSERT_THAT(answer, SizeIs(4));
        ++first[answer[0]];
        orders.insert(answer);
    }
    EXPECT_THAT(first, SizeIs(4));
    for (const auto& [record, times] : first)
        EXPECT_NEAR(times, 1'000, 150) << record;
    EXPECT_GE(orders.size(), 8U);
}

/// db with 10,000 endpoints in slices of 100.
void put_large_headless(ZoneCluster& cluster) {
    cluster.put(test::headless_service("shop", "db"));
    for (int slice = 0; slice < 100; ++slice) {
        std::vector<std::string> endpoints;
        for (int i = 0; i < 100; ++i)
            endpoints.push_back("10." + std::to_string(slice) + ".1." + std::to_string(i));
        cluster.put(test::endpoint_slice("shop", "db", "db-" + std::to_string(slice), endpoints,
                                         {{"pg", base::L4Protocol::kTcp, 5432}}));
    }
    cluster.apply();
    cluster.zone().set_synced();
}

TEST(ClusterZoneReplies, ALargeHeadlessServiceIsCutAtARecord) {
    ZoneCluster cluster;
    put_large_headless(cluster);
    constexpr std::size_t kSizes[] = {512, 1232, 65'535};
    for (const auto limit : kSizes) {
        const auto reply = ask(cluster.zone(), kDb, RecordType::kA, {.draw = 5, .limit = limit});
        EXPECT_TRUE(reply.truncated);
        EXPECT_EQ(reply.code, "NOERROR");
        EXPECT_LE(reply.size_bytes, limit);
        EXPECT_GT(reply.size_bytes, limit - 16) << "a record more would have fit";
        const std::set<std::string> distinct(reply.answer.begin(), reply.answer.end());
        EXPECT_EQ(distinct.size(), reply.answer.size());
    }
    EXPECT_GT(ask(cluster.zone(), kDb, RecordType::kA).answer.size(), 4'000U);
    EXPECT_NE(ask(cluster.zone(), kDb, RecordType::kA, {.draw = 1, .limit = 512}).answer,
              ask(cluster.zone(), kDb, RecordType::kA, {.draw = 2, .limit = 512}).answer)
        << "whom the clients of short replies meet";
    const auto srv = ask(cluster.zone(), "_pg._tcp.db.shop.svc.cluster.local", RecordType::kSrv,
                         {.draw = 7, .limit = 1232});
    EXPECT_TRUE(srv.truncated);
    EXPECT_THAT(srv.additional, IsEmpty());
    EXPECT_THAT(srv.answer, testing::Each(testing::HasSubstr(" SRV 0 1 5432 10-")));
    EXPECT_EQ(outcome_of(cluster.zone(), "10-77-1-99.db.shop.svc.cluster.local"), "NOERROR");
    EXPECT_EQ(outcome_of(cluster.zone(), "10-77-1-100.db.shop.svc.cluster.local"), "NXDOMAIN");
}

TEST(ClusterZoneReplies, AReplyThatLacksOnlyAdditionalRecordsIsNotTruncated) {
    ZoneCluster cluster;
    cluster.put(test::headless_service("shop", "db"));
    std::vector<std::string> endpoints;
    for (int i = 0; i < 9; ++i)
        endpoints.push_back("10.64.1." + std::to_string(i));
    cluster.put(
        test::endpoint_slice("shop", "db", "db-1", endpoints, {{"pg", base::L4Protocol::kTcp, 5432}}));
    cluster.apply();
    const auto reply =
        ask(cluster.zone(), "_pg._tcp.db.shop.svc.cluster.local", RecordType::kSrv, {.limit = 620});
    EXPECT_THAT(reply.answer, SizeIs(9));
    EXPECT_FALSE(reply.truncated);
    EXPECT_LT(reply.additional.size(), 9U);
}

TEST(ClusterZoneReplies, ManyEndpointsWithOneHostnameAreOneTarget) {
    ZoneCluster cluster;
    cluster.put(test::headless_service("shop", "db"));
    for (int slice = 0; slice < 20; ++slice) {
        std::vector<std::string> endpoints;
        for (int i = 0; i < 100; ++i)
            endpoints.push_back("one=10." + std::to_string(slice) + ".1." + std::to_string(i));
        cluster.put(test::endpoint_slice(
            "shop", "db", "db-" + std::to_string(slice), endpoints,
            {{"pg", base::L4Protocol::kTcp, static_cast<std::uint16_t>(5432 + slice % 2)}}));
    }
    cluster.apply();
    EXPECT_THAT(
        ask(cluster.zone(), kDb, RecordType::kSrv, {.draw = 99}).answer,
        UnorderedElementsAre(testing::HasSubstr(" 5432 one.db."), testing::HasSubstr(" 5433 one.db.")));
}

}  // namespace
}  // namespace fairlead::dns
