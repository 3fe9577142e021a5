#include "kernel/conntrack/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>

#include <atomic>
#include <set>
#include <thread>

#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/command.h"
#include "support/conntrack_fixture.h"

namespace fairlead::kernel::conntrack {
namespace {

using test::insert_into_kernel;
using test::output_of;
using test::udp_flow;
using testing::ElementsAre;

constexpr std::size_t kTinyBuffer = 4096;
constexpr const char* kUpdate =
    "conntrack -U -p udp -s 10.0.0.1 -d 10.96.0.10 --sport 1000 --dport 53 -t 300 2>/dev/null";

/// The flows 10.0.0.1:PORT -> 10.96.0.10:53 with ports from `first` on.
std::vector<Flow> flows_from(int first, int count) {
    std::vector<Flow> flows;
    for (int port = first; port < first + count; ++port)
        flows.push_back(udp_flow("10.0.0.1:" + std::to_string(port), "10.96.0.10:53", "10.1.0.5:53"));
    return flows;
}

FlowFilter all_udp() {
    FlowFilter filter;
    filter.protocol = IPPROTO_UDP;
    return filter;
}

class ConntrackMonitorTest : public testing::Test {
  protected:
    void TearDown() override { output_of("conntrack -F 2>/dev/null"); }

    ConntrackMonitor open(FlowEventKinds kinds = {}, std::size_t bytes = ConntrackMonitor::kReceiveBytes) {
        return *ConntrackMonitor::open({[this](const FlowEvent& event) {
                                            words_.push_back(std::string(name_of(event.kind)) + " " +
                                                             std::to_string(event.flow.original.source_port));
                                        },
                                        [this] { words_.emplace_back("lost"); }},
                                       kinds, bytes);
    }
    /// What was told since.
    std::vector<std::string> drained(ConntrackMonitor& monitor) {
        words_.clear();
        const auto done = monitor.drain();
        EXPECT_TRUE(done) << done.error().message;
        return words_;
    }

    NetlinkConntrackTable table_ = *NetlinkConntrackTable::open();
    std::vector<std::string> words_;
};

TEST_F(ConntrackMonitorTest, TellsWhenFlowsBeginChangeAndEnd) {
    auto monitor = open();
    EXPECT_THAT(drained(monitor), ElementsAre());
    ASSERT_EQ(insert_into_kernel(flows_from(1000, 2)), 0);
    pollfd waiting{monitor.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&waiting, 1, 0), 1);
    EXPECT_THAT(drained(monitor), ElementsAre("NEW 1000", "NEW 1001"));
    EXPECT_EQ(poll(&waiting, 1, 0), 0);
    output_of(kUpdate);
    EXPECT_THAT(drained(monitor), ElementsAre("UPDATE 1000"));
    ASSERT_EQ(table_.delete_matching(all_udp()).value(), 2U);
    EXPECT_THAT(drained(monitor), testing::UnorderedElementsAre("DESTROY 1000", "DESTROY 1001"));
    EXPECT_EQ(monitor.losses(), 0U);
}

TEST_F(ConntrackMonitorTest, TellsOnlyWhatWasAskedFor) {
    auto ends = open({.news = false, .updates = false});
    ASSERT_EQ(insert_into_kernel(flows_from(1000, 1)), 0);
    output_of(kUpdate);
    ASSERT_EQ(table_.delete_matching(all_udp()).value(), 1U);
    EXPECT_THAT(drained(ends), ElementsAre("DESTROY 1000"));
}

TEST_F(ConntrackMonitorTest, TellsTheFlowAsAListingHasIt) {
    std::vector<Flow> told;
    auto monitor =
        *ConntrackMonitor::open({[&](const FlowEvent& event) { told.push_back(event.flow); }, [] {}});
    ASSERT_EQ(insert_into_kernel(flows_from(1000, 1)), 0);
    ASSERT_TRUE(monitor.drain());
    std::vector<Flow> listed;
    ASSERT_TRUE(table_.for_each_flow({}, [&](const Flow& flow) { listed.push_back(flow); }));
    ASSERT_EQ(told.size(), 1U);
    ASSERT_EQ(listed.size(), 1U);
    told[0].timeout = listed[0].timeout;  // time goes on
    EXPECT_EQ(told[0], listed[0]);
}

TEST_F(ConntrackMonitorTest, SaysThatEventsWereLostAfterThoseThatWereNotAndGoesOn) {
    constexpr int kFlows = 1000;
    auto monitor = open({}, kTinyBuffer);
    ASSERT_EQ(insert_into_kernel(flows_from(1000, kFlows)), 0);
    const auto told = drained(monitor);
    ASSERT_GE(told.size(), 2U) << "some were waiting";
    EXPECT_LT(told.size(), std::size_t{kFlows});
    EXPECT_EQ(told.front(), "NEW 1000");
    EXPECT_EQ(told.back(), "lost");
    EXPECT_EQ(std::ranges::count(told, "lost"), 1);
    EXPECT_EQ(monitor.losses(), 1U);
    ASSERT_EQ(insert_into_kernel(flows_from(500, 1)), 0);
    EXPECT_THAT(drained(monitor), ElementsAre("NEW 500"));
    EXPECT_EQ(monitor.losses(), 1U);
}

/// What is known of a table by events, read anew whenever some were lost.
class KnownFlows {
  public:
    using Identity = std::pair<Tuple, std::uint32_t>;

    explicit KnownFlows(NetlinkConntrackTable& table) : table_(table) {}

    void take(const FlowEvent& event) {
        const Identity identity{event.flow.original, event.flow.id};
        if (event.kind == FlowEventKind::kDestroy)
            known_.erase(identity);
        else
            known_.insert(identity);
    }
    void read_anew() { known_ = listed(); }

    [[nodiscard]] const std::set<Identity>& known() const { return known_; }
    std::set<Identity> listed() {
        std::set<Identity> flows;
        EXPECT_TRUE(
            table_.for_each_flow({}, [&](const Flow& flow) { flows.emplace(flow.original, flow.id); }));
        return flows;
    }

  private:
    NetlinkConntrackTable& table_;
    std::set<Identity> known_;
};

TEST_F(ConntrackMonitorTest, WhoReadsAnewAfterALossKnowsTheTableHoweverFastItChanges) {
    constexpr int kBatch = 300;
    constexpr std::uint64_t kLosses = 20;
    KnownFlows flows{table_};
    auto monitor = *ConntrackMonitor::open(
        {[&](const FlowEvent& event) { flows.take(event); }, [&] { flows.read_anew(); }}, {}, kTinyBuffer);
    std::atomic<bool> stop = false;
    std::thread neighbour{[&] {
        auto table = *NetlinkConntrackTable::open();
        for (int round = 0; !stop; ++round) {
            EXPECT_EQ(insert_into_kernel(flows_from(1000 + 1000 * (round % 2), kBatch)), 0);
            FlowFilter half;
            half.original.source_port = static_cast<std::uint16_t>(1000 + 1000 * (round % 2));
            EXPECT_TRUE(table.delete_matching(half));
            if (round % 2 == 0) continue;
            EXPECT_TRUE(table.delete_matching(all_udp()));
        }
        EXPECT_EQ(insert_into_kernel(flows_from(9000, 5)), 0);
    }};
    while (monitor.losses() < kLosses)
        ASSERT_TRUE(monitor.drain());
    stop = true;
    neighbour.join();
    ASSERT_TRUE(monitor.drain());
    EXPECT_EQ(flows.known(), flows.listed());
    EXPECT_GE(flows.known().size(), 5U);
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
