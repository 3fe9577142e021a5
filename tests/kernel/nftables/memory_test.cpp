#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/nft_fixture.h"

// A kernel that has no memory left for us.
namespace fairlead::kernel::nftables {
namespace {

/// A memory cgroup in which the kernel gives ENOMEM instead of ending somebody: only those of version 1 can.
class StarvedGroup {
  public:
    StarvedGroup() {
        std::error_code none;
        std::filesystem::create_directory(path_, none);
        write("memory.oom_control", "1");
    }
    StarvedGroup(const StarvedGroup&) = delete;
    StarvedGroup& operator=(const StarvedGroup&) = delete;
    ~StarvedGroup() {
        std::error_code none;
        std::filesystem::remove(path_, none);
    }

    [[nodiscard]] bool exists() const { return std::filesystem::exists(path_ / "memory.oom_control"); }
    void limit_bytes(const std::string& size) const { write("memory.limit_in_bytes", size); }
    /// For the calling process, also when the group has no memory left.
    void enter() const { write("cgroup.procs", std::to_string(getpid())); }

  private:
    void write(const char* name, const std::string& text) const { std::ofstream{path_ / name} << text; }

    std::filesystem::path path_ = "/sys/fs/cgroup/memory/fairlead-test-" + std::to_string(getpid());
};

Transaction many_elements() {
    constexpr int kCount = 60'000;
    Transaction many{{base::Family::kIpv4, "fairlead", ""}};
    for (int port = 1; port <= kCount; ++port)
        many.add_element(
            "frontends",
            {test::frontend_key("10.96.0.1", port), {}, ElementBytes{}.add_number(1).add_number(1), {}});
    return many;
}

/// In a process of its own: makes all memory that a commit takes in user space its own, then commits once
/// more in the group. The kernel's memory is all that it can lack then. Gives the errno, 0, or 255.
int errno_in(const StarvedGroup& group, NetlinkNftTables& tables, const Transaction& transaction) {
    constexpr int kUnexpected = 255;
    const pid_t child = fork();
    if (child == 0) {
        mallopt(M_MMAP_MAX, 0);
        mallopt(M_TRIM_THRESHOLD, 1 << 30);
        Transaction flush{transaction.table()};
        flush.add(FlushSet{"frontends"});
        const bool ready = tables.commit(transaction) && tables.commit(flush) && tables.generation();
        group.enter();
        const auto committed = tables.commit(transaction);
        _exit(!ready ? kUnexpected : committed ? 0 : committed.error().errno_value);
    }
    // Should it need memory in user space after all, it would wait for it for ever.
    int status = 0;
    constexpr int kPatience = 100;
    for (int i = 0; i < kPatience && waitpid(child, &status, WNOHANG) == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (i == kPatience - 1) {
            group.limit_bytes("-1");
            waitpid(child, &status, 0);
            return kUnexpected;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : kUnexpected;
}

TEST(NoMemory, FailsACommitAsAWholeAndTheNextOneGoesWell) {
    const StarvedGroup group;
    if (!group.exists()) GTEST_SKIP() << "no memory cgroups of version 1 here";
    auto tables = *NetlinkNftTables::open();
    ASSERT_TRUE(tables.commit(test::creation_of(test::sample_table(base::Family::kIpv4))));
    const auto before = test::output_of("nft list table ip fairlead");
    const auto many = many_elements();

    group.limit_bytes("2M");
    EXPECT_EQ(errno_in(group, tables, many), ENOMEM);
    EXPECT_EQ(test::output_of("nft list table ip fairlead"), before) << "nothing of it is there";

    group.limit_bytes("-1");
    EXPECT_EQ(errno_in(group, tables, many), 0);
    EXPECT_THAT(test::output_of("nft list map ip fairlead frontends"),
                testing::HasSubstr("10.96.0.1 . tcp . 60000"));
    test::output_of("nft flush ruleset");
}

}  // namespace
}  // namespace fairlead::kernel::nftables
