#include "net/namespace_lock.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fairlead::net {
namespace {

TEST(NamespaceLock, IsHeldOnceAndNamesItsHolder) {
    const auto first = NamespaceLock::acquire("fairlead-test");
    ASSERT_TRUE(first) << first.error().message;
    const auto second = NamespaceLock::acquire("fairlead-test");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::ErrorCode::kExists);
    EXPECT_EQ(second.error().message, "pid " + std::to_string(getpid()));
    EXPECT_TRUE(NamespaceLock::acquire("fairlead-test-2"));
}

TEST(NamespaceLock, IsFreeAgainAfterItsEnd) {
    {
        ASSERT_TRUE(NamespaceLock::acquire("fairlead-test"));
    }
    EXPECT_TRUE(NamespaceLock::acquire("fairlead-test"));
}

TEST(NamespaceLock, IsOfNoInterestToAnotherNetworkNamespace) {
    const auto ours = NamespaceLock::acquire("fairlead-test");
    ASSERT_TRUE(ours);
    const pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWNET) == 0 && NamespaceLock::acquire("fairlead-test") ? 0 : 1);
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace fairlead::net
