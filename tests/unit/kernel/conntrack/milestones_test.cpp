#include "kernel/conntrack/milestones.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <set>

#include "support/addresses.h"
#include "support/conntrack_fixture.h"

namespace fairlead::kernel::conntrack {
namespace {

using test::address;

FlowFilter filter(std::string_view service, std::uint8_t protocol = IPPROTO_UDP) {
    FlowFilter filter;
    filter.protocol = protocol;
    filter.original.destination = address(service);
    filter.original.destination_port = std::uint16_t{53};
    return filter;
}

TEST(Milestones, MatchTheFilterAndHaveAddressesThatNoPacketHas) {
    auto by_endpoint = filter("10.96.0.10");
    by_endpoint.reply.source = address("10.1.0.5");
    by_endpoint.reply.source_port = std::uint16_t{5353};
    by_endpoint.zone = std::uint16_t{7};
    by_endpoint.mark = {2, 3};
    FlowFilter family_alone;
    family_alone.family = base::Family::kIpv6;
    family_alone.protocol = IPPROTO_TCP;
    for (const auto& each : {filter("10.96.0.10"), filter("fd00:96::10"), filter("10.96.0.10", IPPROTO_TCP),
                             by_endpoint, family_alone}) {
        const auto milestones = milestones_for(each, 100'000);
        ASSERT_FALSE(milestones.empty());
        std::set<Tuple> tuples;
        for (const auto& flow : milestones) {
            EXPECT_TRUE(matches(each, flow)) << describe(flow);
            EXPECT_TRUE(is_milestone(flow));
            ASSERT_TRUE(tuples.insert(flow.original).second) << describe(flow);
            ASSERT_TRUE(tuples.insert(flow.reply).second) << describe(flow);
        }
    }
    EXPECT_FALSE(is_milestone(test::udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.1.0.5:53")));
    EXPECT_FALSE(is_milestone(test::udp_flow("[fd00::1]:1", "[fd00::2]:53", "[fd00::3]:53")));
}

TEST(Milestones, AreAsManyAsTheTableIsLong) {
    EXPECT_EQ(milestones_for(filter("10.96.0.10"), 0).size(), 24U);
    EXPECT_EQ(milestones_for(filter("10.96.0.10"), 500'000).size(), 41U * 24);
    EXPECT_EQ(milestones_for(filter("10.96.0.10"), UINT32_MAX).size(), 60'000U) << "there are no more ports";
}

TEST(Milestones, AreNoneForFiltersThatLetThroughMany) {
    FlowFilter no_family;
    no_family.protocol = IPPROTO_UDP;
    auto no_protocol = filter("10.96.0.10");
    no_protocol.protocol.reset();
    auto of_a_status = filter("10.96.0.10");
    of_a_status.status = {status::kAssured, status::kAssured};
    for (const auto& each :
         {FlowFilter{}, no_family, no_protocol, of_a_status, filter("10.96.0.10", IPPROTO_SCTP)})
        EXPECT_TRUE(milestones_for(each, 100'000).empty());
}

TEST(Milestones, LeaveThreeQuartersOfTheFreeEntriesToOthers) {
    EXPECT_TRUE(have_room({600, 1000}, 100));
    EXPECT_FALSE(have_room({601, 1000}, 100));
    EXPECT_FALSE(have_room({1000, 1000}, 1)) << "full";
    EXPECT_FALSE(have_room({1'200, 1000}, 100)) << "somebody has made it smaller";
    EXPECT_TRUE(have_room({800, 0}, 100)) << "no limit";
    EXPECT_TRUE(have_room({800, {}}, 100));
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
