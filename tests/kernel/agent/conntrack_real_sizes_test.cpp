// The sizes of the machine itself, in its initial network namespace. Skipped unless they are what is expected
// here; put back in any case, also when this program is killed.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "agent/conntrack_sizer.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "net/files.h"
#include "support/conntrack_fixture.h"

namespace fairlead::agent {
namespace {

using testing::IsEmpty;

constexpr const char* kMaxFile = "/proc/sys/net/netfilter/nf_conntrack_max";
constexpr const char* kBucketsFile = "/proc/sys/net/netfilter/nf_conntrack_buckets";
constexpr const char* kCountFile = "/proc/sys/net/netfilter/nf_conntrack_count";
constexpr const char* kUsual = "262144\n";
constexpr int kMostEntries = 10'000;

std::string text_of(const char* file) {
    return net::read_file(file).value_or("unreadable");
}

/// In the network namespace of whoever started this program, which has left it. Files of /proc/sys/net are
/// those of the network namespace of the thread that looks.
void in_namespace_of_starter(const std::function<void()>& work) {
    std::thread{[&] {
        const auto starter = "/proc/" + std::to_string(getppid()) + "/ns/net";
        const int initial = open(starter.c_str(), O_RDONLY | O_CLOEXEC);
        ASSERT_GE(initial, 0);
        ASSERT_EQ(setns(initial, CLONE_NEWNET), 0);
        close(initial);
        work();
    }}.join();
}

/// Why the sizes are not to be touched; empty if they may.
std::string obstacle() {
    if (!net::owner_may_write(kBucketsFile).value_or(false))
        return "this was not started in the initial network namespace";
    if (!net::check_writable(kMaxFile) || !net::check_writable(kBucketsFile)) return "they cannot be written";
    if (text_of(kMaxFile) != kUsual || text_of(kBucketsFile) != kUsual) return "they are not 262144";
    if (std::stoi(text_of(kCountFile)) > kMostEntries) return "the machine tracks connections of its own";
    return {};
}

/// Has a process of its own put the sizes back to kUsual when this object goes, or whoever made it dies. To
/// be made in the initial network namespace.
class SizesPutBack {
  public:
    SizesPutBack() {
        int ends[2]{};
        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        keeper_ = fork();
        if (keeper_ == 0) keep(ends[0], ends[1]);
        close(ends[0]);
        alive_ = ends[1];
    }
    SizesPutBack(const SizesPutBack&) = delete;
    SizesPutBack& operator=(const SizesPutBack&) = delete;
    ~SizesPutBack() {
        close(alive_);
        waitpid(keeper_, nullptr, 0);
    }

  private:
    /// Between fork() and its end it may call what a signal handler may.
    [[noreturn]] static void keep(int read_end, int write_end) {
        setsid();  // a Ctrl-C at a terminal is for the test alone
        close(write_end);
        char nothing = 0;
        while (read(read_end, &nothing, 1) > 0) {
        }
        for (const auto* file : {kMaxFile, kBucketsFile}) {
            const int fd = open(file, O_WRONLY | O_CLOEXEC);
            if (write(fd, kUsual, std::char_traits<char>::length(kUsual)) < 0) _exit(1);
            close(fd);
        }
        _exit(0);
    }

    pid_t keeper_ = -1;
    int alive_ = -1;
};

class RealSizesTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string why_not;
        in_namespace_of_starter([&] { why_not = obstacle(); });
        if (!why_not.empty()) GTEST_SKIP() << "the machine's sizes: " << why_not;
    }
    void TearDown() override {
        in_namespace_of_starter([] {
            EXPECT_EQ(text_of(kMaxFile), kUsual);
            EXPECT_EQ(text_of(kBucketsFile), kUsual);
        });
    }
};

/// The kernel's files, but with so little memory that it asks for nothing.
class SmallNode {
  public:
    SmallNode() {
        EXPECT_EQ(unshare(CLONE_NEWNS), 0);
        EXPECT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        std::string name = "/tmp/conntrack_sizes.XXXXXX";
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        root_ = name;
        std::filesystem::create_directories(root_ + "/proc/sys");
        std::ofstream(root_ + "/proc/meminfo") << "MemTotal:       1048576 kB\n";
        EXPECT_EQ(mount("/proc/sys", (root_ + "/proc/sys").c_str(), nullptr, MS_BIND, nullptr), 0);
    }
    SmallNode(const SmallNode&) = delete;
    SmallNode& operator=(const SmallNode&) = delete;
    ~SmallNode() {
        umount((root_ + "/proc/sys").c_str());
        std::filesystem::remove_all(root_);
    }
    [[nodiscard]] const std::string& root() const { return root_; }

  private:
    std::string root_;
};

/// With timeouts left as they are: they are not what this is about.
ConntrackSettings at_least(std::uint32_t entries) {
    ConntrackSettings settings;
    settings.min = entries;
    settings.tcp_established_timeout = settings.tcp_close_wait_timeout = base::Duration{};
    return settings;
}

std::size_t flows_visited() {
    auto table = *kernel::conntrack::NetlinkConntrackTable::open();
    std::size_t visited = 0;
    EXPECT_TRUE(table.for_each_flow({}, [&](const auto&) { ++visited; }));
    return visited;
}

TEST_F(RealSizesTest, AreRaisedWithTheirBucketsWhileNoEntryIsLost) {
    constexpr int kFlows = 1000;
    std::vector<kernel::conntrack::Flow> flows;
    for (int port = 1; port <= kFlows; ++port)
        flows.push_back(test::udp_flow("10.0.0.1:" + std::to_string(port), "10.96.0.10:53", "10.1.0.5:53"));
    ASSERT_EQ(test::insert_into_kernel(flows), 0);
    in_namespace_of_starter([] {
        const SizesPutBack put_back;
        const SmallNode node;
        net::EventLoop loop;
        admin::Metrics metrics;
        ConntrackSizer sizer{loop, metrics, ConntrackFiles{node.root()}};
        sizer.configure(at_least(266'240));
        EXPECT_EQ(text_of(kMaxFile), "266240\n");
        EXPECT_EQ(text_of(kBucketsFile), "266240\n");
        EXPECT_THAT(sizer.problems(), IsEmpty());
        ASSERT_TRUE(net::overwrite_file(kMaxFile, "270336"));
        sizer.check();
        EXPECT_EQ(text_of(kMaxFile), "270336\n") << "somebody raised it";
        EXPECT_EQ(text_of(kBucketsFile), "270336\n") << "the hash table follows";
        EXPECT_THAT(sizer.problems(), IsEmpty());
    });
    EXPECT_EQ(flows_visited(), kFlows) << "of this namespace: the hash table is that of all";
    kernel::conntrack::FlowFilter all;
    all.protocol = flows.front().protocol;
    EXPECT_EQ(kernel::conntrack::NetlinkConntrackTable::open()->delete_matching(all).value(), kFlows);
}

TEST_F(RealSizesTest, ArePutBackWhenTheTestIsKilledHalfWay) {
    in_namespace_of_starter([] {
        int written[2]{};
        ASSERT_EQ(pipe2(written, O_CLOEXEC), 0);
        const pid_t victim = fork();
        if (victim == 0) {
            const SizesPutBack put_back;
            const bool well =
                net::overwrite_file(kMaxFile, "266240") && net::overwrite_file(kBucketsFile, "266240");
            if (write(written[1], well ? "+" : "-", 1) == 1) pause();
            _exit(1);
        }
        char well = '?';
        ASSERT_EQ(read(written[0], &well, 1), 1);
        EXPECT_EQ(well, '+');
        EXPECT_EQ(text_of(kBucketsFile), "266240\n");
        kill(victim, SIGKILL);
        waitpid(victim, nullptr, 0);
        close(written[0]);
        close(written[1]);
        constexpr int kMostLooks = 10'000;
        for (int i = 0; i < kMostLooks && text_of(kBucketsFile) != kUsual; ++i)
            usleep(1000);
        EXPECT_EQ(text_of(kMaxFile), kUsual);
        EXPECT_EQ(text_of(kBucketsFile), kUsual);
    });
}

}  // namespace
}  // namespace fairlead::agent
