#include "services/growing_count.h"

#include <gtest/gtest.h>

namespace fairlead::services {
namespace {

TEST(GrowingCount, GoesOnWhereTheKernelsCounterBeginsAnew) {
    GrowingCount count;
    EXPECT_EQ(count.take(5, 0), 5U) << "what was counted before the agent came";
    EXPECT_EQ(count.take(5, 0), 0U);
    EXPECT_EQ(count.take(7, 0), 2U);
    EXPECT_EQ(count.take(3, 0), 3U) << "somebody made the rule anew";
    EXPECT_EQ(count.take(0, 0), 0U) << "and removed it";
    EXPECT_EQ(count.take(1, 0), 1U);
    EXPECT_EQ(count.take(4, 1), 4U) << "we made it anew, and more was counted than before";
    EXPECT_EQ(count.take(6, 1), 2U);
}

}  // namespace
}  // namespace fairlead::services
