#include "services/balancer.h"

#include <gtest/gtest.h>

#include <set>

#include "services/consistent_hash.h"
#include "services/layout.h"

namespace fairlead::services {
namespace {

using base::Family;
using kernel::nftables::DestinationNat;
using kernel::nftables::Rule;

std::vector<Balancer> some_balancers() {
    std::vector<Balancer> balancers;
    for (const std::uint32_t size : {1U, 2U, 10'000U, Balancer::kLargestSize})
        for (const std::uint32_t timeout : {0U, 30U, 86'400U}) {
            balancers.push_back({size, timeout});
            balancers.push_back({size, timeout, Origin::kOutside});
            balancers.push_back({size, timeout, Origin::kCluster, true});
            balancers.push_back({size, timeout, Origin::kCluster, false, true});
            balancers.push_back({size, timeout, Origin::kCluster, true, true});
        }
    for (const std::uint32_t timeout : {0U, 30U})
        for (const bool guarded : {false, true}) {
            balancers.push_back({kSlotCount, timeout, Origin::kCluster, guarded, guarded, true});
            balancers.push_back({kSlotCount, timeout, Origin::kCluster, guarded, guarded, false});
        }
    balancers.push_back({kSlotCount, 0, Origin::kOutside, false, false, true});
    for (const bool consistent : {false, true})
        balancers.push_back({kSlotCount, 0, Origin::kCluster, true, true, consistent, true});
    balancers.push_back({3, 30, Origin::kCluster, false, false, false, true});
    return balancers;
}

TEST(Balancer, IsNamedSoThatTheNameTellsAllOfIt) {
    EXPECT_EQ(name_of(Balancer{3}), "balance-3");
    EXPECT_EQ(name_of(Balancer{2, 30, Origin::kOutside}), "balance-2-outside-sticky-30");
    EXPECT_EQ(name_of(Balancer{5, 10'800, Origin::kCluster, true, true}),
              "balance-5-guarded-split-sticky-10800");
    EXPECT_EQ(name_of(Balancer{1024, 30, Origin::kCluster, true, true, true}),
              "balance-1024-guarded-split-consistent-sticky-30");
    EXPECT_EQ(name_of(Balancer{3, 0, Origin::kCluster, true, true, false, true}),
              "balance-3-guarded-resetting-split");
    for (const auto& balancer : some_balancers())
        EXPECT_EQ(parse_balancer(name_of(balancer)), balancer) << name_of(balancer);
}

TEST(Balancer, IsNotReadOutOfOtherNames) {
    for (const std::string name :
         {"balance-", "balance-0", "balance-x", "balance-03", "balance-3-", "balance-3-sticky-",
          "balance-3-consistent", "balance-3-sticky-0", "balance-3-split-guarded", "balance-16777216",
          "balance--1", "refuse", "balance-3 "})
        EXPECT_EQ(parse_balancer(name), std::nullopt) << name;
}

TEST(Balancer, HasAKeyOfItsOwnAmongThoseOfItsOrigin) {
    std::set<std::tuple<Origin, std::uint32_t, std::uint32_t>> keys;
    for (const auto& balancer : some_balancers()) {
        const auto key = key_of(balancer);
        EXPECT_TRUE(keys.emplace(balancer.origin, key.size_and_flags, key.affinity_timeout_s).second)
            << name_of(balancer);
    }
}

TEST(Balancer, ComesFromWhatStandsBehindAFrontend) {
    Backing backing;
    EXPECT_EQ(balancer_of(backing, Origin::kCluster), std::nullopt);
    backing.backends.resize(3);
    EXPECT_EQ(balancer_of(backing, Origin::kCluster), Balancer{3});
    EXPECT_EQ(balancer_of(backing, Origin::kOutside), std::nullopt) << "no difference is made";
    backing.outside_backends.emplace();
    EXPECT_EQ(balancer_of(backing, Origin::kCluster), (Balancer{3, 0, Origin::kCluster, true}));
    EXPECT_EQ(balancer_of(backing, Origin::kOutside), std::nullopt);
    backing.outside_backends->resize(1);
    backing.affinity_timeout_s = 30;
    backing.allowed_sources = {base::Prefix::parse("10.0.0.0/8").value()};
    EXPECT_EQ(balancer_of(backing, Origin::kOutside), (Balancer{1, 30, Origin::kOutside}));
    EXPECT_EQ(balancer_of(backing, Origin::kCluster), (Balancer{3, 30, Origin::kCluster, true, true}));
    backing.resets = true;
    EXPECT_EQ(balancer_of(backing, Origin::kOutside), (Balancer{1, 30, Origin::kOutside}));
    EXPECT_EQ(balancer_of(backing, Origin::kCluster),
              (Balancer{3, 30, Origin::kCluster, true, true, false, true}));
    backing.consistent = true;
    EXPECT_EQ(balancer_of(backing, Origin::kOutside),
              (Balancer{kSlotCount, 30, Origin::kOutside, false, false, true}));
}

TEST(Balancer, TranslatesLastWhateverCameBefore) {
    for (const auto family : {Family::kIpv4, Family::kIpv6})
        for (const auto& balancer : some_balancers()) {
            const auto rules = balancer_rules(family, balancer);
            ASSERT_FALSE(rules.empty());
            EXPECT_TRUE(std::holds_alternative<DestinationNat>(rules.back().expressions.back()))
                << name_of(balancer);
            for (const auto& rule : rules)
                EXPECT_EQ(rule.chain, name_of(balancer));
        }
}

}  // namespace
}  // namespace fairlead::services
