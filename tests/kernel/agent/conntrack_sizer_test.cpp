#include "agent/conntrack_sizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "net/files.h"
#include "support/command.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string sysctl(const std::string& name) {
    return net::read_file("/proc/sys/net/netfilter/nf_conntrack_" + name).value_or("unreadable");
}

ConntrackSettings udp_timeout(base::Duration timeout) {
    ConntrackSettings settings;
    settings.udp_timeout = timeout;
    return settings;
}

/// A folder that stands for "/", with the files of a node of 16 GiB; without /sys.
class ConntrackSizerTest : public testing::Test {
  protected:
    // Nothing that these tests mount is seen outside, and all of it goes with the process.
    static void SetUpTestSuite() {
        ASSERT_EQ(unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    }

    void SetUp() override {
        std::string name = "/tmp/conntrack_sizer.XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        root_ = name;
        std::filesystem::create_directories(root_ + "/proc/sys/net/netfilter");
        std::ofstream(root_ + "/proc/meminfo") << "MemTotal:       16777216 kB\nMemFree: 1 kB\n";
    }
    void TearDown() override {
        for (auto place = mounts_.rbegin(); place != mounts_.rend(); ++place)
            umount(place->c_str());
        std::filesystem::remove_all(root_);
    }

    void make_files() {
        for (const auto& [name, value] :
             std::initializer_list<std::pair<const char*, const char*>>{{"max", "262144"},
                                                                        {"buckets", "262144"},
                                                                        {"count", "0"},
                                                                        {"tcp_timeout_established", "432000"},
                                                                        {"tcp_timeout_close_wait", "60"},
                                                                        {"tcp_be_liberal", "0"},
                                                                        {"udp_timeout", "30"},
                                                                        {"udp_timeout_stream", "120"}})
            set(name, value);
    }
    std::string path(const std::string& name) {
        return root_ + "/proc/sys/net/netfilter/nf_conntrack_" + name;
    }
    void set(const std::string& name, const std::string& value) {
        std::ofstream(path(name)) << value << "\n";
    }
    int value(const std::string& name) { return std::stoi(net::read_file(path(name)).value_or("-1")); }

    void bind(const std::string& source, const std::string& place) {
        ASSERT_EQ(mount(source.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0) << place;
        mounts_.push_back(place);
    }
    void make_read_only(const std::string& place) {
        ASSERT_EQ(mount("none", place.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
    }

    double metric(const std::string& name) {
        const auto text = metrics_.expose();
        const auto begin = text.find("\n" + name + " ");
        return begin == std::string::npos ? -1 : std::stod(text.substr(begin + name.size() + 2));
    }

    std::string root_;
    std::vector<std::string> mounts_;
    net::EventLoop loop_;
    admin::Metrics metrics_;
};

TEST_F(ConntrackSizerTest, GivesTheTableOfANodeWhatItsMemoryAllowsAndKubeProxysTimeouts) {
    make_files();
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure({});
    EXPECT_EQ(value("max"), 696'320);
    EXPECT_EQ(value("buckets"), 696'320);
    EXPECT_EQ(metric("fairlead_conntrack_buckets"), 696'320);
    EXPECT_EQ(value("tcp_timeout_established"), 86'400);
    EXPECT_EQ(value("tcp_timeout_close_wait"), 3'600);
    EXPECT_EQ(value("udp_timeout"), 30);
    EXPECT_THAT(sizer.problems(), IsEmpty());
}

TEST_F(ConntrackSizerTest, LeavesATimeoutThatSomebodyHasSetAlsoWhileItRuns) {
    make_files();
    set("tcp_timeout_established", "7200");
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure({});
    EXPECT_EQ(value("tcp_timeout_established"), 7200);
    ASSERT_EQ(value("tcp_timeout_close_wait"), 3'600);
    set("tcp_timeout_close_wait", "90");
    sizer.check();
    sizer.check();
    EXPECT_EQ(value("tcp_timeout_close_wait"), 90);
    EXPECT_EQ(
        metric("fairlead_conntrack_values_rewritten_total{value=\"nf_conntrack_tcp_timeout_close_wait\"}"),
        1);
    EXPECT_THAT(sizer.problems(), IsEmpty()) << "nothing was configured";
}

TEST_F(ConntrackSizerTest, DoublesTheTableWhenThePeakComesNearAndNotBefore) {
    make_files();
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure({});
    sizer.saw_peak(522'240);
    EXPECT_EQ(value("max"), 696'320);
    sizer.saw_peak(522'241);
    EXPECT_EQ(value("max"), 1'392'640);
    EXPECT_EQ(value("buckets"), 1'048'576);
    sizer.saw_peak(1'000'000);
    EXPECT_EQ(value("max"), 1'392'640);
}

TEST_F(ConntrackSizerTest, GrowsByTheFlowsThatItFindsItself) {
    make_files();
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure({});
    set("count", "600000");
    sizer.check();
    EXPECT_EQ(value("max"), 1'392'640);
}

TEST_F(ConntrackSizerTest, LeavesWhatSomethingElseRewroteAloneUntilItIsConfiguredAgain) {
    make_files();
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure({});
    sizer.saw_peak(600'000);
    ASSERT_EQ(value("max"), 1'392'640);
    set("max", "800000");  // more than memory alone asks for
    for (int i = 0; i < 3; ++i)
        sizer.check();
    sizer.saw_peak(790'000);
    EXPECT_EQ(value("max"), 800'000);
    EXPECT_THAT(
        sizer.problems(),
        ElementsAre(HasSubstr("nf_conntrack_max: something else set it from 1392640 to 800000; it is left "
                              "alone until SIGHUP (wanted: ")));
    EXPECT_EQ(metric("fairlead_conntrack_values_rewritten_total{value=\"nf_conntrack_max\"}"), 1);
    EXPECT_EQ(metric("fairlead_conntrack_value_differs{value=\"nf_conntrack_max\"}"), 1);
    EXPECT_EQ(metric("fairlead_conntrack_value_differs{value=\"nf_conntrack_buckets\"}"), 0);
    sizer.configure({});
    EXPECT_EQ(value("max"), 1'600'000);
    EXPECT_THAT(sizer.problems(), IsEmpty());
    EXPECT_EQ(metric("fairlead_conntrack_value_differs{value=\"nf_conntrack_max\"}"), 0);
}

TEST_F(ConntrackSizerTest, HasNothingAgainstSomebodyWhoRaisesASize) {
    make_files();
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure({});
    set("max", "900000");
    sizer.check();
    set("max", "0");
    sizer.check();
    EXPECT_EQ(value("max"), 0);
    EXPECT_THAT(sizer.problems(), IsEmpty());
}

TEST_F(ConntrackSizerTest, SaysNoMoreOfAValueThatWasPutBack) {
    make_files();
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure(udp_timeout(31s));
    set("udp_timeout", "45");
    sizer.check();
    ASSERT_THAT(sizer.problems(), ElementsAre(HasSubstr("nf_conntrack_udp_timeout: something else set it")));
    set("udp_timeout", "31");
    sizer.check();
    EXPECT_THAT(sizer.problems(), IsEmpty());
    set("udp_timeout", "46");
    sizer.check();
    EXPECT_EQ(value("udp_timeout"), 46);
    EXPECT_EQ(metric("fairlead_conntrack_values_rewritten_total{value=\"nf_conntrack_udp_timeout\"}"), 1);
}

TEST_F(ConntrackSizerTest, NamesAKubeProxyThatRunsHere) {
    make_files();
    const int pid =
        std::stoi(test::output_of("bash -c 'exec -a /usr/bin/kube-proxy sleep 60 --' >&- & echo $!"));
    const auto name = [pid] {
        return net::read_file("/proc/" + std::to_string(pid) + "/cmdline").value_or("");
    };
    for (int i = 0; i < 5000 && !name().starts_with("/usr/bin/kube-proxy"); ++i)
        usleep(1000);
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure(udp_timeout(31s));
    set("udp_timeout", "45");
    sizer.check();
    EXPECT_THAT(sizer.problems(),
                ElementsAre(HasSubstr("kube-proxy runs here, pid " + std::to_string(pid) + " (wanted")));
    kill(pid, SIGKILL);
}

TEST_F(ConntrackSizerTest, LeavesSizesAloneOutsideTheInitialNetworkNamespace) {
    make_files();
    ASSERT_EQ(chmod(path("buckets").c_str(), 0444), 0);  // as the kernel has it there
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    auto settings = udp_timeout(31s);
    settings.min = 500'000;
    sizer.configure(settings);
    sizer.saw_peak(262'000);
    EXPECT_EQ(value("max"), 262'144);
    EXPECT_EQ(value("buckets"), 262'144);
    EXPECT_EQ(value("udp_timeout"), 31);
    EXPECT_THAT(sizer.problems(), IsEmpty());
    EXPECT_EQ(metric("fairlead_conntrack_value_differs{value=\"nf_conntrack_max\"}"), 1);
}

TEST_F(ConntrackSizerTest, WritesTheRestWhenAFileIsReadOnly) {
    make_files();
    bind(path("max"), path("max"));
    make_read_only(path("max"));
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    auto settings = udp_timeout(31s);
    settings.min = 500'000;
    sizer.configure(settings);
    EXPECT_EQ(value("max"), 262'144);
    EXPECT_EQ(value("buckets"), 262'144);  // fits the maximum that stays
    EXPECT_EQ(value("udp_timeout"), 31);
    EXPECT_THAT(sizer.problems(),
                ElementsAre(HasSubstr("nf_conntrack_max: Read-only file system (wanted: 1/64")));
}

TEST_F(ConntrackSizerTest, LeavesAFileThatHoldsNoNumber) {
    make_files();
    set("udp_timeout", "long");
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    auto settings = udp_timeout(31s);
    settings.udp_stream_timeout = 121s;
    sizer.configure(settings);
    EXPECT_EQ(net::read_file(path("udp_timeout")).value(), "long\n");
    EXPECT_EQ(value("udp_timeout_stream"), 121);
    EXPECT_EQ(metric("fairlead_conntrack_value_differs{value=\"nf_conntrack_udp_timeout\"}"), 1);
}

TEST_F(ConntrackSizerTest, WaitsForConnectionTracking) {
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure(udp_timeout(31s));
    sizer.check();
    sizer.saw_peak(1'000'000);
    EXPECT_THAT(sizer.problems(), IsEmpty());
    make_files();
    sizer.check();
    EXPECT_EQ(value("udp_timeout"), 31);
    EXPECT_EQ(value("max"), 2'097'152);
}

TEST_F(ConntrackSizerTest, WritesTheTimeoutsOfARealNetworkNamespaceAndNothingElse) {
    const auto icmp = sysctl("icmp_timeout");
    const auto max = sysctl("max");
    const auto buckets = sysctl("buckets");
    ConntrackSizer sizer{loop_, metrics_};
    sizer.configure({0, 0, 2h, 61s, true, 31s, 62s});
    EXPECT_EQ(sysctl("tcp_timeout_established"), "7200\n");
    EXPECT_EQ(sysctl("tcp_timeout_close_wait"), "61\n");
    EXPECT_EQ(sysctl("tcp_be_liberal"), "1\n");
    EXPECT_EQ(sysctl("udp_timeout"), "31\n");
    EXPECT_EQ(sysctl("udp_timeout_stream"), "62\n");
    EXPECT_EQ(sysctl("icmp_timeout"), icmp);
    EXPECT_EQ(sysctl("max"), max);
    EXPECT_EQ(sysctl("buckets"), buckets);
    sizer.configure({});
    EXPECT_EQ(sysctl("udp_timeout"), "31\n");
    EXPECT_EQ(sysctl("tcp_be_liberal"), "1\n");
}

// The maximum is not this namespace's to change, and no timeout has more seconds than an int.
TEST_F(ConntrackSizerTest, LeavesWhatTheKernelRefusesAndWritesTheRest) {
    const auto max = sysctl("max");
    const auto buckets = sysctl("buckets");
    ConntrackSizer sizer{loop_, metrics_};
    sizer.configure({0, 2'000'000'000, 1'000'000h, 71s, false, 41s, {}});
    EXPECT_EQ(sysctl("max"), max);
    EXPECT_EQ(sysctl("buckets"), buckets);
    EXPECT_NE(sysctl("tcp_timeout_established"), "3600000000\n");
    EXPECT_EQ(sysctl("tcp_timeout_close_wait"), "71\n");
    EXPECT_EQ(sysctl("udp_timeout"), "41\n");
    EXPECT_THAT(sizer.problems(), ElementsAre(HasSubstr("nf_conntrack_tcp_timeout_established: /proc/sys")));
}

TEST_F(ConntrackSizerTest, LeavesTheRealValuesWhereProcSysIsReadOnlyAndWritesThemWhenItIsNot) {
    bind("/proc/sys", root_ + "/proc/sys");
    make_read_only(root_ + "/proc/sys");
    const auto before = sysctl("udp_timeout");
    ConntrackSizer sizer{loop_, metrics_, ConntrackFiles{root_}};
    sizer.configure(udp_timeout(1234s));
    EXPECT_EQ(sysctl("udp_timeout"), before);
    EXPECT_THAT(sizer.problems(), ElementsAre(HasSubstr("Read-only file system (wanted: as configured)")));
    ASSERT_EQ(mount("none", (root_ + "/proc/sys").c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
    sizer.check();
    EXPECT_EQ(sysctl("udp_timeout"), before);  // it is tried once
    sizer.configure(udp_timeout(1234s));
    EXPECT_EQ(sysctl("udp_timeout"), "1234\n");
    EXPECT_THAT(sizer.problems(), IsEmpty());
}

TEST_F(ConntrackSizerTest, StopsWhenSomethingElseRewritesARealTimeout) {
    ConntrackSizer sizer{loop_, metrics_};
    sizer.configure(udp_timeout(33s));
    ASSERT_TRUE(net::overwrite_file("/proc/sys/net/netfilter/nf_conntrack_udp_timeout", "44"));
    sizer.check();
    sizer.check();
    EXPECT_EQ(sysctl("udp_timeout"), "44\n");
    EXPECT_THAT(sizer.problems(), ElementsAre(HasSubstr("something else set it from 33 to 44")));
    sizer.configure(udp_timeout(33s));
    EXPECT_EQ(sysctl("udp_timeout"), "33\n");
}

}  // namespace
}  // namespace fairlead::agent
