#include "kube/back_off.h"

#include <gtest/gtest.h>

namespace fairlead::kube {
namespace {

using namespace std::chrono_literals;

TEST(BackOff, DrawsFromASpanThatDoublesUpToThirtySeconds) {
    constexpr base::Duration kLimits[] = {1600ms, 3200ms, 6400ms, 12800ms, 25600ms, 30s, 30s, 30s};
    base::Duration longest[std::size(kLimits)]{};
    base::Duration shortest[std::size(kLimits)];
    std::ranges::fill(shortest, 1h);
    base::Random random{3};
    for (int round = 0; round < 2000; ++round) {
        BackOff pauses;
        for (std::size_t i = 0; i < std::size(kLimits); ++i) {
            const auto pause = pauses.next(random);
            ASSERT_GE(pause, BackOff::kShortest);
            ASSERT_LE(pause, kLimits[i]) << "after failure " << i + 1;
            longest[i] = std::max(longest[i], pause);
            shortest[i] = std::min(shortest[i], pause);
        }
    }
    for (std::size_t i = 0; i < std::size(kLimits); ++i) {
        EXPECT_GT(longest[i], kLimits[i] * 95 / 100) << "after failure " << i + 1;
        EXPECT_LT(shortest[i], 1s) << "after failure " << i + 1;
    }
}

TEST(BackOff, BeginsAnewAfterSuccess) {
    base::Random random{1};
    BackOff pauses;
    for (int i = 0; i < 20; ++i)
        static_cast<void>(pauses.next(random));
    EXPECT_EQ(pauses.failures(), 20U);
    pauses.reset();
    EXPECT_EQ(pauses.failures(), 0U);
    EXPECT_LE(pauses.next(random), 1600ms);
}

}  // namespace
}  // namespace fairlead::kube
