#include <gtest/gtest.h>
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// Runs all tests of a binary in a network namespace of its own that disappears with it.
int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (unshare(CLONE_NEWNET) != 0) {
        std::fprintf(stderr, "this test needs root: unshare(CLONE_NEWNET): %s\n", std::strerror(errno));
        return EXIT_FAILURE;
    }
    if (std::system("ip link set lo up") != 0) return EXIT_FAILURE;
    return RUN_ALL_TESTS();
}
