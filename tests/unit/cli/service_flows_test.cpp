#include "cli/service_flows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/addresses.h"
#include "support/conntrack_fixture.h"
#include "support/fake_conntrack_table.h"

namespace fairlead::cli {
namespace {

using base::L4Protocol;
using fairlead::test::address;
using testing::ElementsAre;
using testing::HasSubstr;

class ServiceFlowsTest : public testing::Test {
  protected:
    void add(std::string_view source, std::string_view destination, std::string_view answering,
             std::uint8_t protocol = 17) {
        table_.insert(fairlead::test::with_protocol(fairlead::test::udp_flow(source, destination, answering),
                                                    protocol));
    }
    fairlead::test::FakeConntrackTable table_;
    const FlowDestination dns_{address("10.96.0.10"), L4Protocol::kUdp, 53};
};

TEST_F(ServiceFlowsTest, CountsFlowsToItsFrontendsByProtocolAndEndpoint) {
    add("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353");
    add("10.0.0.1:1001", "10.96.0.10:53", "10.1.0.6:5353");
    add("10.0.0.1:1002", "10.96.0.10:53", "10.1.0.6:5353");
    add("10.0.0.1:1003", "10.96.0.10:53", "10.1.0.6:5353", 6);
    add("10.0.0.1:1004", "10.96.0.10:54", "10.1.0.6:5353");
    add("10.0.0.1:1005", "10.96.0.11:53", "10.1.0.6:5353");
    add("[fd00::1]:1000", "[fd00:96::10]:53", "[fd00::5]:5353");
    const auto summary = summarize_flows(
        table_, std::vector{dns_, FlowDestination{address("fd00:96::10"), L4Protocol::kUdp, 53}});
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->flows, 4);
    EXPECT_THAT(summary->groups, ElementsAre(FlowSummary::Group{L4Protocol::kUdp, "10.1.0.6:5353", 2},
                                             FlowSummary::Group{L4Protocol::kUdp, "10.1.0.5:5353", 1},
                                             FlowSummary::Group{L4Protocol::kUdp, "[fd00::5]:5353", 1}));
    EXPECT_THAT(flows_text(summary), HasSubstr("Flows:  4\n         2 UDP 10.1.0.6:5353\n"));
}

TEST_F(ServiceFlowsTest, ShowsTheFirstFewOnly) {
    for (int port = 1; port <= 20; ++port)
        add("10.0.0.1:" + std::to_string(port), "10.96.0.10:53", "10.1.0.5:5353");
    const auto summary = summarize_flows(table_, std::vector{dns_});
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->flows, 20);
    EXPECT_EQ(summary->first_flows.size(), kFirstFlows);
}

TEST_F(ServiceFlowsTest, SaysWhatASampleStandsForWhereTheTimeIsTooShortForAll) {
    for (int port = 1; port <= 3000; ++port)
        add("10.0.0.1:" + std::to_string(port), port % 4 == 0 ? "10.96.0.10:53" : "10.96.0.11:53",
            "10.1.0.5:5353");
    const auto summary = summarize_flows(table_, std::vector{dns_}, base::Duration{});
    ASSERT_TRUE(summary);
    EXPECT_FALSE(summary->whole);
    EXPECT_EQ(summary->read, 1024);
    EXPECT_EQ(summary->flows, 256);
    EXPECT_THAT(flows_text(summary), HasSubstr("Flows:  ~750, 256 in a sample of 1024 of 3000\n"
                                               "      ~750 UDP 10.1.0.5:5353\n"));
    const auto none = summarize_flows(table_, std::vector{FlowDestination{}}, base::Duration{});
    EXPECT_EQ(flows_text(none), "Flows:  <none> in a sample of 1024 of 3000\n");
}

TEST_F(ServiceFlowsTest, AsksTheKernelForNoFilteredDump) {
    add("10.0.0.1:1000", "10.96.0.11:53", "10.1.0.5:5353");
    EXPECT_EQ(summarize_flows(table_, std::vector{dns_})->read, 1) << "a flow of somebody else's";
}

TEST_F(ServiceFlowsTest, SaysWhyTheyAreNotKnown) {
    EXPECT_EQ(flows_text(base::fail(base::ErrorCode::kDenied, "not permitted")),
              "Flows:  <unknown>: not permitted\n");
    EXPECT_EQ(flows_text(FlowSummary{}), "Flows:  <none>\n");
}

}  // namespace
}  // namespace fairlead::cli
