#include "conntrack/usage.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/command.h"
#include "support/conntrack_fixture.h"

namespace fairlead::conntrack {
namespace {

using kernel::conntrack::Flow;
using kernel::conntrack::NetlinkConntrackTable;

// As many as a namespace may have with the kernel's default on a small node; the maximum stays as it is.
constexpr std::uint32_t kFlows = 250'000;

/// One of ten flows is TCP; each hundred of them are of one client.
Flow flow_of(std::uint32_t number) {
    const auto client = number / 100;
    auto flow = test::udp_flow("10." + std::to_string(10 + client / 250) + "." +
                                   std::to_string(client % 250) + ".1:" + std::to_string(1 + number % 100),
                               "10.96.0.10:53", "10.96.0.10:53");
    if (number % 10 == 0) {
        flow = test::with_protocol(flow, IPPROTO_TCP);
        flow.tcp_state = kernel::conntrack::TcpState::kSynSent;
    }
    flow.timeout = std::chrono::seconds{86'400};
    return flow;
}

TEST(UsageOfALargeTable, IsExactOfAllFlowsAndASampleHasTheSameShares) {
    auto table = *NetlinkConntrackTable::open();
    ASSERT_GE(table.max().value().value_or(kFlows), kFlows) << "this machine tracks fewer flows";
    for (std::uint32_t at = 0; at < kFlows; at += 10'000) {
        std::vector<Flow> flows;
        for (std::uint32_t i = at; i < at + 10'000; ++i)
            flows.push_back(flow_of(i));
        ASSERT_EQ(test::insert_into_kernel(flows), 0);
    }
    const FlowNames names;
    UsageCounter all{names};
    EXPECT_EQ(table
                  .visit_while({},
                               [&](const Flow& flow) {
                                   all.take(flow);
                                   return true;
                               })
                  .value(),
              true);
    const auto whole = all.usage(2);
    EXPECT_EQ(whole.total.flows, kFlows);
    EXPECT_EQ(whole.states.largest.at(0).count.flows, kFlows * 9 / 10);
    EXPECT_EQ(whole.peers.largest.at(0).count.flows, 100U);

    constexpr std::uint32_t kSample = 20'000;
    UsageCounter some{names};
    EXPECT_EQ(table
                  .visit_while({},
                               [&](const Flow& flow) {
                                   some.take(flow);
                                   return some.total().flows < kSample;
                               })
                  .value(),
              false);
    const auto sample = some.usage(2);
    EXPECT_EQ(sample.total.flows, kSample);
    const auto share = static_cast<double>(sample.states.largest.at(0).count.flows) / kSample;
    // Three times what 19 of 20 samples stay within.
    EXPECT_NEAR(share, 0.9, 3 * sampling_error(kSample, kFlows));
    test::output_of("conntrack -F 2>/dev/null");
}

}  // namespace
}  // namespace fairlead::conntrack
