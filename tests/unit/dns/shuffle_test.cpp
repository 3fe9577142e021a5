#include "dns/shuffle.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/random.h"

namespace fairlead::dns {
namespace {

TEST(Shuffle, GivesEveryNumberOnce) {
    base::Random random(5);
    for (std::size_t count = 1; count < 300; ++count) {
        Shuffle order(count, random());
        std::set<std::size_t> seen;
        for (std::size_t i = 0; i < count; ++i)
            seen.insert(order.next());
        EXPECT_EQ(seen.size(), count);
        EXPECT_LT(*seen.rbegin(), count);
    }
}

TEST(Shuffle, EveryNumberIsFirstEquallyOftenAndNeighboursChange) {
    base::Random random(6);
    constexpr std::size_t kCount = 7;
    constexpr int kDraws = 70'000;
    std::vector<int> first(kCount);
    std::set<std::pair<std::size_t, std::size_t>> neighbours;
    for (int i = 0; i < kDraws; ++i) {
        Shuffle order(kCount, random());
        const auto number = order.next();
        ++first[number];
        neighbours.emplace(number, order.next());
    }
    for (const auto times : first)
        EXPECT_NEAR(times, kDraws / static_cast<int>(kCount), 500);
    EXPECT_EQ(neighbours.size(), kCount * (kCount - 1));
}

}  // namespace
}  // namespace fairlead::dns
