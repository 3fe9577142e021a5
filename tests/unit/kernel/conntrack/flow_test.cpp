#include "kernel/conntrack/flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "kernel/conntrack/flow_filter.h"
#include "support/conntrack_fixture.h"

namespace fairlead::kernel::conntrack {
namespace {

using base::Family;
using base::IpAddress;
using test::udp_flow;
using test::with_protocol;
using testing::HasSubstr;

TEST(ConntrackFlow, IsDescribedByItsTuples) {
    auto flow = udp_flow("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353");
    EXPECT_EQ(describe(flow), "udp 10.0.0.1:1000 -> 10.96.0.10:53, reply 10.1.0.5:5353 -> 10.0.0.1:1000");
    flow.zone.id = 7;
    EXPECT_THAT(describe(with_protocol(flow, IPPROTO_SCTP)), HasSubstr("sctp 10.0.0.1:1000"));
    EXPECT_THAT(describe(flow), HasSubstr(", zone 7"));
    auto ping = with_protocol(udp_flow("[fd00::1]:0", "[fd00::2]:0", "[fd00::2]:0"), IPPROTO_ICMPV6);
    ping.original.icmp = {9, 128, 0};
    ping.reply.icmp = {9, 129, 0};
    EXPECT_EQ(
        describe(ping),
        "icmpv6 fd00::1 -> fd00::2 type 128 code 0 id 9, reply fd00::2 -> fd00::1 type 129 code 0 id 9");
    EXPECT_THAT(describe(with_protocol(flow, 253)), HasSubstr("protocol 253 10.0.0.1 -> 10.96.0.10, reply"));
}

TEST(ConntrackFlow, StatesHaveTheNamesOfConntrack) {
    EXPECT_EQ(name_of(TcpState::kNone), "NONE");
    EXPECT_EQ(name_of(TcpState::kSynReceived), "SYN_RECV");
    EXPECT_EQ(name_of(TcpState::kSynSent2), "SYN_SENT2");
}

struct FilterCase {
    const char* name;
    void (*hit)(FlowFilter&);
    void (*miss)(FlowFilter&);
};

constexpr FilterCase kFilterCases[] = {
    {"family", [](FlowFilter& filter) { filter.family = Family::kIpv4; },
     [](FlowFilter& filter) { filter.family = Family::kIpv6; }},
    {"protocol", [](FlowFilter& filter) { filter.protocol = IPPROTO_UDP; },
     [](FlowFilter& filter) { filter.protocol = IPPROTO_TCP; }},
    {"original source", [](FlowFilter& filter) { filter.original.source = *IpAddress::parse("10.0.0.1"); },
     [](FlowFilter& filter) { filter.original.source = *IpAddress::parse("10.0.0.2"); }},
    {"original destination",
     [](FlowFilter& filter) { filter.original.destination = *IpAddress::parse("10.96.0.10"); },
     [](FlowFilter& filter) { filter.original.destination = *IpAddress::parse("10.0.0.1"); }},
    {"original source port", [](FlowFilter& filter) { filter.original.source_port = 1000; },
     [](FlowFilter& filter) { filter.original.source_port = 0; }},
    {"original destination port", [](FlowFilter& filter) { filter.original.destination_port = 53; },
     [](FlowFilter& filter) { filter.original.destination_port = 1000; }},
    {"reply source", [](FlowFilter& filter) { filter.reply.source = *IpAddress::parse("10.1.0.5"); },
     [](FlowFilter& filter) { filter.reply.source = *IpAddress::parse("10.96.0.10"); }},
    {"reply destination",
     [](FlowFilter& filter) { filter.reply.destination = *IpAddress::parse("10.0.0.1"); },
     [](FlowFilter& filter) { filter.reply.destination = *IpAddress::parse("10.1.0.5"); }},
    {"reply source port", [](FlowFilter& filter) { filter.reply.source_port = 5353; },
     [](FlowFilter& filter) { filter.reply.source_port = 53; }},
    {"reply destination port", [](FlowFilter& filter) { filter.reply.destination_port = 1000; },
     [](FlowFilter& filter) { filter.reply.destination_port = 53; }},
    {"status", [](FlowFilter& filter) { filter.status = {0, status::kSeenReply}; },
     [](FlowFilter& filter) { filter.status = {status::kSeenReply, status::kSeenReply}; }},
    {"mark", [](FlowFilter& filter) { filter.mark = {0x10, 0xf0}; },
     [](FlowFilter& filter) { filter.mark = {0x11, 0xff}; }},
    {"zone", [](FlowFilter& filter) { filter.zone = std::uint16_t{4}; },
     [](FlowFilter& filter) { filter.zone = std::uint16_t{0}; }},
};

TEST(ConntrackFlowFilter, MatchesWhenEverythingPresentAgrees) {
    auto flow = udp_flow("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353");
    flow.mark = 0x12;
    flow.zone = {4, ZoneDirection::kReply};
    FlowFilter all;
    EXPECT_TRUE(matches(all, flow)) << "nothing is asked for";
    EXPECT_FALSE(check_names_something(all));
    for (const auto& it : kFilterCases) {
        FlowFilter hit;
        it.hit(hit);
        EXPECT_TRUE(matches(hit, flow)) << it.name;
        EXPECT_TRUE(check_names_something(hit)) << it.name;
        it.hit(all);
        FlowFilter miss;
        it.miss(miss);
        EXPECT_FALSE(matches(miss, flow)) << it.name;
    }
    EXPECT_TRUE(matches(all, flow));
    for (const auto& it : kFilterCases) {
        FlowFilter all_but_one = all;
        it.miss(all_but_one);
        EXPECT_FALSE(matches(all_but_one, flow)) << it.name;
    }
}

TEST(ConntrackFlowFilter, KnowsItsFamilyAndRefusesTwo) {
    FlowFilter filter;
    EXPECT_EQ(family_of(filter).value(), std::nullopt);
    filter.reply.source = *IpAddress::parse("fd00::1");
    EXPECT_EQ(family_of(filter).value(), Family::kIpv6);
    filter.original.source = *IpAddress::parse("10.0.0.1");
    const auto two = family_of(filter);
    ASSERT_FALSE(two);
    EXPECT_EQ(two.error().code, base::ErrorCode::kInvalid);
    EXPECT_EQ(two.error().message, "flow filter: reply source fd00::1 cannot occur in a flow of IPv4");
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
