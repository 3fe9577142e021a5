#include "kernel/netlink/retry.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fairlead::kernel::netlink {
namespace {

/// Fails so often with an errno, then succeeds with the number of the attempt; and how often it was tried.
std::pair<base::Result<int>, int> tried(int failures, int errno_value) {
    int attempts = 0;
    auto result = retried([&]() -> base::Result<int> {
        if (++attempts <= failures)
            return base::fail(base::ErrorCode::kBusy, "as the test wants it", errno_value);
        return attempts;
    });
    return {std::move(result), attempts};
}

TEST(Retried, TriesAgainWhatPassesAndStopsAtTheFirstSuccess) {
    for (const int passing : {EINTR, EAGAIN, ENOBUFS, ERESTART})
        for (const int failures : {0, 1, kAttempts - 1}) {
            const auto [result, attempts] = tried(failures, passing);
            ASSERT_TRUE(result) << passing;
            EXPECT_EQ(*result, failures + 1);
            EXPECT_EQ(attempts, failures + 1);
        }
}

TEST(Retried, GivesUpAfterSomeAttempts) {
    const auto [result, attempts] = tried(1000, EINTR);
    EXPECT_FALSE(result);
    EXPECT_EQ(attempts, kAttempts);
}

TEST(Retried, DoesNotRepeatWhatWillNotPass) {
    for (const int lasting : {EPERM, EINVAL, ENOENT, EEXIST, EBUSY, ENOMEM}) {
        const auto [result, attempts] = tried(1, lasting);
        EXPECT_FALSE(result);
        EXPECT_EQ(attempts, 1) << lasting;
    }
}

}  // namespace
}  // namespace fairlead::kernel::netlink
