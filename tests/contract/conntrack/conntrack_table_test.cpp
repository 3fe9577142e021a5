#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/random.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/addresses.h"
#include "support/command.h"
#include "support/conntrack_fixture.h"
#include "support/fake_conntrack_table.h"

// The fake held to the kernel: every call goes to both, which must answer alike and hold the same after.
namespace fairlead::kernel::conntrack {
namespace {

using base::Family;
using base::IpAddress;
using test::address;
using test::udp_flow;
using test::with_protocol;

/// Without what differs between the two: the id, and the time that has passed.
Flow comparable(Flow flow) {
    flow.id = 0;
    flow.timeout.reset();
    return flow;
}

std::vector<Flow> flows_of(ConntrackTable& table, const FlowFilter& filter = {}) {
    std::vector<Flow> flows;
    const auto visited = table.for_each_flow(filter, [&](const Flow& flow) { flows.push_back(flow); });
    EXPECT_TRUE(visited) << visited.error().message;
    return flows;
}

std::vector<Flow> comparable_flows(ConntrackTable& table, const FlowFilter& filter = {}) {
    auto flows = flows_of(table, filter);
    std::ranges::transform(flows, flows.begin(), comparable);
    std::ranges::sort(flows);
    return flows;
}

/// One of every kind, several that differ in one thing only.
std::vector<Flow> sample_flows() {
    auto replied = udp_flow("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353");
    replied.status |= status::kSeenReply | status::kAssured;
    auto marked = udp_flow("10.0.0.1:1001", "10.96.0.10:53", "10.1.0.5:5353");
    marked.mark = 0x12;
    auto zoned = udp_flow("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353");
    zoned.zone.id = 7;
    auto tcp = with_protocol(udp_flow("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353"), IPPROTO_TCP);
    tcp.tcp_state = TcpState::kSynSent;
    auto ping = with_protocol(udp_flow("10.0.0.1:0", "10.96.0.10:0", "10.96.0.10:0"), IPPROTO_ICMP);
    ping.original.icmp = {9, 8, 0};
    ping.reply.icmp = {9, 0, 0};
    auto ping6 = with_protocol(udp_flow("[fd00::1]:0", "[fd00:96::10]:0", "[fd00:96::10]:0"), IPPROTO_ICMPV6);
    ping6.original.icmp = {9, 128, 0};
    ping6.reply.icmp = {9, 129, 0};
    return {replied,
            marked,
            zoned,
            tcp,
            ping,
            ping6,
            udp_flow("10.0.0.2:1000", "10.96.0.10:53", "10.1.0.6:5353"),
            udp_flow("10.0.0.1:1000", "10.96.0.11:53", "10.1.0.5:5354"),
            udp_flow("10.0.0.1:1000", "10.96.0.10:54", "10.1.0.5:5355"),
            with_protocol(udp_flow("10.0.0.1:1000", "10.96.0.10:53", "10.1.0.5:5353"), IPPROTO_SCTP),
            with_protocol(udp_flow("10.0.0.1:1000", "10.96.0.10:54", "10.1.0.5:5354"), IPPROTO_SCTP),
            with_protocol(udp_flow("10.0.0.1:0", "10.96.0.10:0", "10.96.0.10:0"), 253),
            udp_flow("[fd00::1]:1000", "[fd00:96::10]:53", "[fd00:1::5]:5353"),
            udp_flow("[fd00::2]:1000", "[fd00:96::10]:53", "[fd00:1::6]:5353"),
            udp_flow("[fd00::1]:1000", "[fd00:96::11]:53", "[fd00:1::5]:5354")};
}

class ConntrackTableContract : public testing::Test {
  protected:
    void SetUp() override {
        clear_kernel();
        const auto flows = sample_flows();
        ASSERT_EQ(test::insert_into_kernel(flows), 0);
        for (const auto& flow : flows)
            ASSERT_TRUE(fake_.insert(flow)) << describe(flow);
        ASSERT_EQ(comparable_flows(kernel_).size(), flows.size());
        expect_alike();
    }
    void TearDown() override { clear_kernel(); }

    static void clear_kernel() { test::output_of("conntrack -F 2>/dev/null"); }

    void expect_alike() {
        EXPECT_TRUE(comparable_flows(kernel_) == comparable_flows(fake_))
            << "kernel and fake hold different flows";
        EXPECT_EQ(kernel_.count().value(), fake_.count().value());
    }

    /// How many both deleted.
    std::size_t delete_from_both(const FlowFilter& filter) {
        const auto real = kernel_.delete_matching(filter);
        const auto pretended = fake_.delete_matching(filter);
        EXPECT_TRUE(real) << real.error().message;
        EXPECT_EQ(real.value_or(0), pretended.value_or(0)) << "kernel first, fake second";
        expect_alike();
        return real.value_or(0);
    }

    NetlinkConntrackTable kernel_ = *NetlinkConntrackTable::open();
    test::FakeConntrackTable fake_;
};

struct Case {
    const char* name;
    void (*fill)(FlowFilter&);
    std::size_t hits;
    friend void PrintTo(const Case& it, std::ostream* out) { *out << it.name; }
};

constexpr Case kCases[] = {
    {"IPv4", [](FlowFilter& it) { it.family = Family::kIpv4; }, 11},
    {"IPv6", [](FlowFilter& it) { it.family = Family::kIpv6; }, 4},
    {"a protocol of both families", [](FlowFilter& it) { it.protocol = IPPROTO_UDP; }, 9},
    {"an IPv4 source", [](FlowFilter& it) { it.original.source = address("10.0.0.2"); }, 1},
    {"an IPv4 destination", [](FlowFilter& it) { it.original.destination = address("10.96.0.11"); }, 1},
    {"an IPv6 source", [](FlowFilter& it) { it.original.source = address("fd00::2"); }, 1},
    {"an IPv6 destination", [](FlowFilter& it) { it.original.destination = address("fd00:96::11"); }, 1},
    {"an IPv6 answering side", [](FlowFilter& it) { it.reply.source = address("fd00:1::5"); }, 2},
    {"an address that no flow has", [](FlowFilter& it) { it.original.source = address("fd00::99"); }, 0},
    {"a UDP service",
     [](FlowFilter& it) {
         it.protocol = IPPROTO_UDP;
         it.original.destination = address("10.96.0.10");
         it.original.destination_port = std::uint16_t{53};
     },
     4},
    {"a UDP service over IPv6",
     [](FlowFilter& it) {
         it.protocol = IPPROTO_UDP;
         it.original.destination = address("fd00:96::10");
         it.original.destination_port = std::uint16_t{53};
     },
     2},
    {"a UDP endpoint of a service",
     [](FlowFilter& it) {
         it.protocol = IPPROTO_UDP;
         it.original.destination = address("10.96.0.10");
         it.reply.source = address("10.1.0.6");
         it.reply.source_port = std::uint16_t{5353};
     },
     1},
    {"an SCTP port",
     [](FlowFilter& it) {
         it.protocol = IPPROTO_SCTP;
         it.original.destination = address("10.96.0.10");
         it.original.destination_port = std::uint16_t{54};
     },
     1},
    {"a port of any protocol", [](FlowFilter& it) { it.original.destination_port = std::uint16_t{54}; }, 2},
    {"a client port", [](FlowFilter& it) { it.reply.destination_port = std::uint16_t{1001}; }, 1},
    {"a status bit", [](FlowFilter& it) { it.status = {status::kSeenReply, status::kSeenReply}; }, 1},
    {"a status bit that is not set", [](FlowFilter& it) { it.status = {0, status::kSeenReply}; }, 14},
    {"a mark", [](FlowFilter& it) { it.mark = {0x10, 0xf0}; }, 1},
    {"no mark", [](FlowFilter& it) { it.mark = {0, 0xffffffff}; }, 14},
    {"a zone", [](FlowFilter& it) { it.zone = std::uint16_t{7}; }, 1},
    {"the default zone", [](FlowFilter& it) { it.zone = std::uint16_t{0}; }, 14},
    {"everything at once",
     [](FlowFilter& it) {
         it.family = Family::kIpv4;
         it.protocol = IPPROTO_UDP;
         it.original = {address("10.0.0.1"), address("10.96.0.10"), std::uint16_t{1001}, std::uint16_t{53}};
         it.reply = {address("10.1.0.5"), address("10.0.0.1"), std::uint16_t{5353}, std::uint16_t{1001}};
         it.status = {0, status::kSeenReply};
         it.mark = {0x12, 0xffffffff};
         it.zone = std::uint16_t{0};
     },
     1},
};

class ConntrackFilterContract : public ConntrackTableContract, public testing::WithParamInterface<Case> {};

TEST_P(ConntrackFilterContract, FindsExactlyTheFlowsThatMatchAndDeletesNoOthers) {
    FlowFilter filter;
    GetParam().fill(filter);
    const auto found = comparable_flows(kernel_, filter);
    EXPECT_EQ(found.size(), GetParam().hits);
    EXPECT_TRUE(found == comparable_flows(fake_, filter)) << "kernel and fake find different flows";
    EXPECT_EQ(delete_from_both(filter), GetParam().hits);
    EXPECT_EQ(flows_of(kernel_).size(), sample_flows().size() - GetParam().hits);
}

TEST_P(ConntrackFilterContract, FindsTheSameWhereTheyAreFewOrRefusesToLookForThem) {
    FlowFilter filter;
    GetParam().fill(filter);
    const auto found_in = [&](ConntrackTable& table) -> base::Result<std::vector<Flow>> {
        std::vector<Flow> flows;
        FAIRLEAD_CHECK(table.for_each_of_few_flows(
            filter, [&](const Flow& flow) { flows.push_back(comparable(flow)); }));
        std::ranges::sort(flows);
        return flows;
    };
    const auto real = found_in(kernel_);
    const auto pretended = found_in(fake_);
    ASSERT_EQ(real.has_value(), pretended.has_value());
    if (real) {
        EXPECT_TRUE(*real == comparable_flows(kernel_, filter));
        EXPECT_TRUE(*real == *pretended);
    } else {
        EXPECT_EQ(real.error().code, base::ErrorCode::kUnsupported);
        EXPECT_EQ(pretended.error().code, base::ErrorCode::kUnsupported);
    }
    expect_alike();
}

INSTANTIATE_TEST_SUITE_P(All, ConntrackFilterContract, testing::ValuesIn(kCases));

TEST_F(ConntrackTableContract, RefusesToDeleteByAFilterThatNamesNothing) {
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        const auto refused = table->delete_matching({});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, base::ErrorCode::kInvalid);
        EXPECT_EQ(refused.error().message, "flow filter: it names nothing and would match every flow");
    }
    expect_alike();
}

TEST_F(ConntrackTableContract, RefusesAFilterThatContradictsItself) {
    FlowFilter filter;
    filter.family = Family::kIpv6;
    filter.original.source = address("10.0.0.1");
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        const auto found = table->for_each_flow(filter, [](const Flow&) {});
        const auto deleted = table->delete_matching(filter);
        ASSERT_FALSE(found);
        ASSERT_FALSE(deleted);
        EXPECT_EQ(found.error().message,
                  "flow filter: original source 10.0.0.1 cannot occur in a flow of IPv6");
        EXPECT_EQ(deleted.error().message, found.error().message);
        EXPECT_EQ(table->for_each_of_few_flows(filter, [](const Flow&) {}).error().message,
                  found.error().message);
    }
    expect_alike();
}

TEST_F(ConntrackTableContract, DeletesEachFlowAndFindsItGoneTheSecondTime) {
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        for (const auto& flow : flows_of(*table)) {
            EXPECT_EQ(table->delete_flow(flow).value(), true) << describe(flow);
            EXPECT_EQ(table->delete_flow(flow).value(), false) << describe(flow);
        }
        EXPECT_EQ(table->count().value(), 0U);
    }
}

TEST_F(ConntrackTableContract, AFlowWithAnotherIdStays) {
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        auto others = flows_of(*table);
        for (auto& flow : others)
            flow.id ^= 0x80000000;
        EXPECT_EQ(table->delete_flows(others).value(), 0U);
    }
    expect_alike();
}

TEST_F(ConntrackTableContract, AFlowOfAnotherZoneStays) {
    FlowFilter filter;
    filter.zone = std::uint16_t{7};
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        auto elsewhere = flows_of(*table, filter);
        elsewhere.at(0).zone.id = 8;
        EXPECT_EQ(table->delete_flows(elsewhere).value(), 0U);
    }
    expect_alike();
}

TEST_F(ConntrackTableContract, FlowsCanBeDeletedWhileTheyAreVisited) {
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        std::size_t deleted = 0;
        const auto visited = table->for_each_flow(
            {}, [&](const Flow& flow) { deleted += table->delete_flow(flow).value() ? 1U : 0U; });
        EXPECT_TRUE(visited);
        EXPECT_EQ(deleted, sample_flows().size());
    }
    expect_alike();
}

TEST_F(ConntrackTableContract, AVisitThatIsStoppedVisitsNoFurtherFlowAndLeavesTheTableUsable) {
    const auto all = sample_flows().size();
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        for (const std::size_t enough : {std::size_t{1}, all - 1}) {
            std::size_t visited = 0;
            EXPECT_EQ(table->visit_while({}, [&](const Flow&) { return ++visited < enough; }).value(), false);
            EXPECT_EQ(visited, enough);
            EXPECT_EQ(table->count().value(), all);
        }
        std::size_t visited = 0;
        EXPECT_EQ(table->visit_while({}, [&](const Flow&) { return ++visited > 0; }).value(), true);
        EXPECT_EQ(visited, all);
    }
    expect_alike();
}

TEST_F(ConntrackTableContract, DeletesNothingWhenNothingIsGiven) {
    EXPECT_EQ(kernel_.delete_flows({}).value(), 0U);
    EXPECT_EQ(fake_.delete_flows({}).value(), 0U);
}

TEST_F(ConntrackTableContract, AnEqualFlowCannotBeInsertedTwice) {
    const auto twice = sample_flows()[0];
    EXPECT_EQ(test::insert_into_kernel({&twice, 1}), EEXIST);
    EXPECT_FALSE(fake_.insert(twice));
}

TEST_F(ConntrackTableContract, TellsTheMaximumAndTheCountersOfEachCpu) {
    for (ConntrackTable* table : std::initializer_list<ConntrackTable*>{&kernel_, &fake_}) {
        EXPECT_GT(table->max().value().value_or(0), 0U);
        EXPECT_GE(table->stats().value().size(), 1U);
    }
    std::uint32_t inserted = 0;
    const auto stats = kernel_.stats().value();
    for (const auto& cpu : stats)
        inserted += cpu.insert.value_or(0);
    EXPECT_GE(inserted, sample_flows().size());
}

FlowFilter random_filter(base::Random& random, const std::vector<Flow>& flows) {
    const auto pick = [&] { return flows[random.below(flows.size())]; };
    const auto maybe = [&] { return random.below(4) == 0; };
    FlowFilter filter;
    if (maybe()) filter.family = pick().family();
    if (maybe()) filter.protocol = pick().protocol;
    if (maybe()) filter.original.source = pick().original.source;
    if (maybe()) filter.original.destination = pick().original.destination;
    if (maybe()) filter.original.source_port = pick().original.source_port;
    if (maybe()) filter.original.destination_port = pick().original.destination_port;
    if (maybe()) filter.reply.source = pick().reply.source;
    if (maybe()) filter.reply.destination = pick().reply.destination;
    if (maybe()) filter.reply.source_port = pick().reply.source_port;
    if (maybe()) filter.reply.destination_port = pick().reply.destination_port;
    if (maybe()) filter.status = {pick().status & status::kSeenReply, status::kSeenReply};
    if (maybe()) filter.mark = {pick().mark, 0xffffffff};
    if (maybe()) filter.zone = pick().zone.id;
    return filter;
}

TEST_F(ConntrackTableContract, AgreesOnRandomFilters) {
    base::Random random{20'261'124};
    std::size_t hits = 0;
    for (int round = 0; round < 400; ++round) {
        const auto filter = random_filter(random, sample_flows());
        if (!family_of(filter)) continue;
        const auto found = comparable_flows(kernel_, filter);
        ASSERT_TRUE(found == comparable_flows(fake_, filter)) << "round " << round;
        hits += found.size();
    }
    EXPECT_GT(hits, 200U) << "the filters are too narrow to test anything";
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
