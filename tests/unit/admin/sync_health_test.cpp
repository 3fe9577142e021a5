#include "admin/sync_health.h"

#include <gtest/gtest.h>

namespace fairlead::admin {
namespace {

using base::Family;
using namespace std::chrono_literals;

constexpr base::TimePoint kStart{1000s};
constexpr base::WallTime kNoon{43'200s};

TEST(SyncHealth, IsGoodWithoutWork) {
    SyncHealth health;
    EXPECT_TRUE(health.healthy(Family::kIpv4, kStart + 1000h));
    EXPECT_EQ(health.last_synced(Family::kIpv4), base::WallTime{});
}

TEST(SyncHealth, IsBadOnceWorkHasWaitedForAMinute) {
    SyncHealth health;
    health.queued(Family::kIpv4, kStart);
    EXPECT_TRUE(health.healthy(Family::kIpv4, kStart + 59s));
    EXPECT_FALSE(health.healthy(Family::kIpv4, kStart + 60s));
    EXPECT_TRUE(health.healthy(Family::kIpv6, kStart + 60s)) << "the other family has no work";
}

TEST(SyncHealth, CountsFromTheOldestWorkNotTheLatest) {
    SyncHealth health;
    health.queued(Family::kIpv6, kStart);
    health.queued(Family::kIpv6, kStart + 59s);
    EXPECT_FALSE(health.healthy(Family::kIpv6, kStart + 60s));
}

TEST(SyncHealth, IsGoodAgainAfterASync) {
    SyncHealth health;
    health.queued(Family::kIpv4, kStart);
    health.synced(Family::kIpv4, kNoon);
    EXPECT_TRUE(health.healthy(Family::kIpv4, kStart + 1h));
    EXPECT_EQ(health.last_synced(Family::kIpv4), kNoon);
    health.queued(Family::kIpv4, kStart + 1h);
    EXPECT_TRUE(health.healthy(Family::kIpv4, kStart + 1h + 59s)) << "the new work waits from now on";
    EXPECT_FALSE(health.healthy(Family::kIpv4, kStart + 1h + 60s));
}

TEST(SyncHealth, DoesNotWaitForAFamilyThatIsOff) {
    SyncHealth health;
    health.queued(Family::kIpv6, kStart);
    health.turned_off(Family::kIpv6);
    EXPECT_TRUE(health.healthy(Family::kIpv6, kStart + 1h));
    EXPECT_EQ(health.last_synced(Family::kIpv6), base::WallTime{});
}

}  // namespace
}  // namespace fairlead::admin
