#include "agent/conntrack_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "support/command.h"
#include "support/conntrack_fixture.h"
#include "support/fake_conntrack_table.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr ConntrackWatch::Pace kFast{1ms, 1ms};

/// So many flows from ports of `client`.
std::vector<kernel::conntrack::Flow> flows(std::string_view client, int count) {
    std::vector<kernel::conntrack::Flow> flows;
    for (int i = 0; i < count; ++i)
        flows.push_back(test::udp_flow(std::string(client) + ":" + std::to_string(1000 + i), "10.96.0.10:53",
                                       "10.1.0.5:53"));
    return flows;
}

class ConntrackWatchTest : public testing::Test {
  protected:
    void TearDown() override { test::output_of("conntrack -F 2>/dev/null"); }

    std::unique_ptr<ConntrackWatch> watch(conntrack::FillPercents percents,
                                          ConntrackWatch::Open open = ConntrackWatch::open_kernel_table) {
        ConntrackWatch::Listener listener;
        listener.warn = [this](const auto& reason, const auto& note) {
            told_.push_back(reason);
            notes_.push_back(note);
        };
        listener.recovered = [this](const auto& reason, const auto& note) {
            over_.push_back(reason + ": " + note);
        };
        listener.new_peak = [this](std::uint32_t entries) { peaks_.push_back(entries); };
        return std::make_unique<ConntrackWatch>(loop_, metrics_, percents, std::move(listener),
                                                std::move(open), kFast);
    }
    /// Lets it look a few times.
    void turn() {
        const auto stop = loop_.after(30ms, [this] { loop_.stop(); });
        loop_.run();
    }
    double gauge(std::string_view name) { return metrics_.gauge(name, "").value(); }

    net::EventLoop loop_;
    admin::Metrics metrics_;
    std::vector<std::string> told_;
    std::vector<std::string> notes_;
    std::vector<std::string> over_;
    std::vector<std::uint32_t> peaks_;
};

TEST_F(ConntrackWatchTest, ShowsWhatTheKernelHasAsPageAndMetrics) {
    ASSERT_EQ(test::insert_into_kernel(flows("10.0.0.1", 10)), 0);
    const auto max = test::output_of("cat /proc/sys/net/netfilter/nf_conntrack_max");
    const auto watch = this->watch({});
    EXPECT_THAT(
        watch->page(),
        StartsWith(R"({"watching":true,"used":10,"peak":10,"level":"normal","dropping":false,"max":)"));
    EXPECT_THAT(watch->page(),
                HasSubstr("\"max\":" + max.substr(0, max.size() - 1) + ",\"usedPercent\":0.00"));
    EXPECT_THAT(watch->page(), HasSubstr(R"("clash_resolve":{"total":)"));
    EXPECT_THAT(watch->page(), testing::Not(HasSubstr("secondsUntilFull")));
    EXPECT_EQ(gauge("fairlead_conntrack_entries"), 10);
    EXPECT_EQ(std::to_string(static_cast<int>(gauge("fairlead_conntrack_limit"))) + "\n", max);
    EXPECT_THAT(metrics_.expose(), HasSubstr("fairlead_conntrack_counter_total{counter=\"insert\"} "));
    EXPECT_THAT(watch->problems(), ElementsAre());
    EXPECT_THAT(peaks_, ElementsAre(10U));
}

// One percent of the table of a machine with 262,144 entries are 2,622.
TEST_F(ConntrackWatchTest, TellsOnceOfEachLevelThatRealEntriesReach) {
    const auto limit = ConntrackWatch::open_kernel_table().value()->max().value().value();
    const auto watch = this->watch({1, 2});
    turn();
    EXPECT_THAT(told_, ElementsAre());
    ASSERT_EQ(test::insert_into_kernel(flows("10.0.0.1", static_cast<int>(limit / 100 + 1))), 0);
    turn();
    EXPECT_THAT(told_, ElementsAre("ConntrackTableFilling"));
    EXPECT_THAT(notes_.back(), StartsWith("the table of tracked connections is 1 % full, "));
    EXPECT_EQ(gauge("fairlead_conntrack_level"), 1);
    EXPECT_THAT(watch->problems(), ElementsAre(notes_.back()));
    ASSERT_EQ(test::insert_into_kernel(flows("10.0.0.2", static_cast<int>(limit / 100 + 1))), 0);
    turn();
    EXPECT_THAT(told_, ElementsAre("ConntrackTableFilling", "ConntrackTableNearlyFull"));
    test::output_of("conntrack -F 2>/dev/null");
    turn();
    EXPECT_EQ(gauge("fairlead_conntrack_entries"), 0);
    EXPECT_EQ(gauge("fairlead_conntrack_peak_entries"), 2 * (limit / 100 + 1));
    EXPECT_EQ(peaks_.back(), 2 * (limit / 100 + 1));
    EXPECT_THAT(watch->page(), HasSubstr(R"("level":"critical")")) << "for a minute";
    EXPECT_THAT(over_, ElementsAre());
}

/// Fills the table to its limit with entries that the kernel does not evict.
void fill_up(std::uint32_t limit) {
    constexpr std::uint32_t kPorts = 60'000;
    auto flow = test::udp_flow("10.0.0.1:1", "10.96.0.10:53", "10.1.0.5:53");
    flow.status |= kernel::conntrack::status::kSeenReply | kernel::conntrack::status::kAssured;
    std::vector<kernel::conntrack::Flow> flows;
    flows.reserve(limit);
    for (std::uint32_t i = 0; i < limit; ++i) {
        const auto client = base::IpAddress::parse("10.0.0." + std::to_string(1 + i / kPorts)).value();
        const auto port = static_cast<std::uint16_t>(1 + i % kPorts);
        flow.original.source = flow.reply.destination = client;
        flow.original.source_port = flow.reply.destination_port = port;
        flows.push_back(flow);
    }
    ASSERT_EQ(test::insert_into_kernel(flows), 0);
}

/// The number of datagrams, each of another port, that do not leave because the kernel drops them.
int refused_datagrams(int count) {
    int refused = 0;
    for (int i = 0; i < count; ++i) {
        const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_port = htons(9);
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&there), sizeof there) < 0 &&
            errno == EPERM)
            ++refused;
        close(fd);
    }
    return refused;
}

TEST_F(ConntrackWatchTest, TellsOfThePacketsThatAFullTableDrops) {
    constexpr int kDatagrams = 20;
    const auto limit = ConntrackWatch::open_kernel_table().value()->max().value().value();
    test::output_of(
        "nft 'table ip t { chain c { type filter hook output priority 0; ct state new accept; }; }'");
    fill_up(limit);
    const auto watch = this->watch({});
    turn();
    EXPECT_THAT(told_, ElementsAre("ConntrackTableNearlyFull"));
    EXPECT_EQ(refused_datagrams(kDatagrams), kDatagrams);
    turn();
    ASSERT_THAT(told_, ElementsAre("ConntrackTableNearlyFull", "ConntrackDropping"));
    EXPECT_THAT(notes_.back(), HasSubstr("drop 20 within the last minute; the table is 100 % full, "));
    EXPECT_EQ(gauge("fairlead_conntrack_dropping"), 1);
    EXPECT_THAT(watch->problems(), testing::SizeIs(2));
    test::output_of("nft flush ruleset");
}

TEST_F(ConntrackWatchTest, InANamespaceThatTracksNothingAllIsZero) {
    std::thread{[] {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        net::EventLoop loop;
        admin::Metrics metrics;
        const ConntrackWatch watch{loop, metrics, {}, {}};
        EXPECT_THAT(watch.page(), StartsWith(R"({"watching":true,"used":0,"peak":0,"level":"normal")"));
        EXPECT_THAT(watch.problems(), ElementsAre());
    }}.join();
}

TEST_F(ConntrackWatchTest, WithoutTheRightToAskItSaysSoOnceAndIsOff) {
    std::thread{[] {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[2]{};
        ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
        net::EventLoop loop;
        admin::Metrics metrics;
        testing::internal::CaptureStderr();
        const ConntrackWatch watch{loop, metrics, {}, {}, ConntrackWatch::open_kernel_table, kFast};
        const auto stop = loop.after(30ms, [&] { loop.stop(); });
        loop.run();
        const auto log = testing::internal::GetCapturedStderr();
        EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
        EXPECT_THAT(log, HasSubstr("connection tracking is not watched"));
        EXPECT_EQ(watch.page(),
                  "{\"watching\":false,\"error\":\"conntrack: count flows: Operation not permitted\"}\n");
        EXPECT_THAT(watch.problems(),
                    ElementsAre("connection tracking is not watched: conntrack: count flows: "
                                "Operation not permitted"));
        EXPECT_GT(metrics.counter("fairlead_conntrack_read_failures_total", "").value(), 1);
    }}.join();
}

TEST_F(ConntrackWatchTest, BeginsWhenAKernelWithoutCtnetlinkHasLoadedIt) {
    bool loaded = false;
    const auto watch = this->watch({}, [&]() -> base::Result<ConntrackWatch::Table> {
        if (loaded) return ConntrackWatch::open_kernel_table();
        return base::fail(base::ErrorCode::kUnsupported, "conntrack: this kernel has no ctnetlink");
    });
    turn();
    EXPECT_EQ(watch->page(), "{\"watching\":false,\"error\":\"conntrack: this kernel has no ctnetlink\"}\n");
    loaded = true;
    turn();
    EXPECT_THAT(watch->page(), StartsWith(R"({"watching":true,"used":)"));
    EXPECT_THAT(watch->problems(), ElementsAre());
}

TEST_F(ConntrackWatchTest, ALookThatFailsCostsOnlyThatLook) {
    int opened = 0;
    const auto watch = this->watch({}, [&]() -> base::Result<ConntrackWatch::Table> {
        auto table = std::make_unique<test::FakeConntrackTable>();
        if (++opened == 1) table->fail_calls({base::ErrorCode::kBusy, 0, "a part got lost"});
        return table;
    });
    EXPECT_THAT(watch->problems(), ElementsAre("connection tracking is not watched: a part got lost"));
    turn();
    EXPECT_THAT(watch->problems(), ElementsAre());
    EXPECT_EQ(opened, 2);
    EXPECT_EQ(metrics_.counter("fairlead_conntrack_read_failures_total", "").value(), 1);
}

}  // namespace
}  // namespace fairlead::agent
