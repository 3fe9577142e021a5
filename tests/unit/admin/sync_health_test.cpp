#include "admin/sync_health.h"

#include <gtest/gtest.h>

namespace fairlead::admin {
namespace {

using base::Family;
using namespace std::chrono_literals;

constexpr base::TimePoint kFirstSync{1000s};
constexpr base::WallTime kFirstSyncTime{43'200s};

TEST(SyncHealth, IsGoodWithoutWork) {
    SyncHealth health;
    EXPECT_TRUE(health.healthy(Family::kIpv4, kFirstSync + 1000h));
    EXPECT_EQ(health.last_synced(Family::kIpv4), base::WallTime{});
}

TEST(SyncHealth, IsBadOnceWorkHasWaitedForAMinute) {
    SyncHealth health;
    health.queued(Family::kIpv4, kFirstSync);
    EXPECT_TRUE(health.healthy(Family::kIpv4, kFirstSync + 59s));
    EXPECT_FALSE(health.healthy(Family::kIpv4, kFirstSync + 60s));
    EXPECT_TRUE(health.healthy(Family::kIpv6, kFirstSync + 60s)) << "the other family has no work";
}

TEST(SyncHealth, CountsFromTheOldestWorkNotTheLatest) {
    SyncHealth health;
    health.queued(Family::kIpv6, kFirstSync);
    health.queued(Family::kIpv6, kFirstSync + 59s);
    EXPECT_FALSE(health.healthy(Family::kIpv6, kFirstSync + 60s));
}

TEST(SyncHealth, IsGoodAgainAfterASync) {
    SyncHealth health;
    health.queued(Family::kIpv4, kFirstSync);
    health.synced(Family::kIpv4, kFirstSyncTime);
    EXPECT_TRUE(health.healthy(Family::kIpv4, kFirstSync + 1h));
    EXPECT_EQ(health.last_synced(Family::kIpv4), kFirstSyncTime);
    health.queued(Family::kIpv4, kFirstSync + 1h);
    EXPECT_TRUE(health.healthy(Family::kIpv4, kFirstSync + 1h + 59s)) << "the new work waits from now on";
    EXPECT_FALSE(health.healthy(Family::kIpv4, kFirstSync + 1h + 60s));
}

TEST(SyncHealth, DoesNotWaitForAFamilyThatIsOff) {
    SyncHealth health;
    health.queued(Family::kIpv6, kFirstSync);
    health.turned_off(Family::kIpv6);
    EXPECT_TRUE(health.healthy(Family::kIpv6, kFirstSync + 1h));
    EXPECT_EQ(health.last_synced(Family::kIpv6), base::WallTime{});
}

}  // namespace
}  // namespace fairlead::admin
