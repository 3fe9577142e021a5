#include "base/counts.h"

#include <gtest/gtest.h>

namespace fairlead::base {
namespace {

struct Doors {
    std::uint64_t opened = 0;
    std::uint64_t closed = 0;

    friend bool operator==(const Doors&, const Doors&) = default;
};
struct House {
    Doors front;
    std::uint64_t bells = 0;
};

TEST(Counts, EachIsAddedToItsLike) {
    Doors sum{1, 20};
    add_counts(sum, {2, 40});
    EXPECT_EQ(sum, (Doors{3, 60}));
    House houses{{1, 2}, 3};
    add_counts(houses, {{10, 20}, 30});
    EXPECT_EQ(houses.front, (Doors{11, 22}));
    EXPECT_EQ(houses.bells, 33U);
}

struct WithShare {
    std::uint64_t count = 0;
    double share = 0;
};
static_assert(!OnlyCounts<WithShare>);

}  // namespace
}  // namespace fairlead::base
