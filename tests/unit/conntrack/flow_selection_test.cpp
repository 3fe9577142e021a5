#include "conntrack/flow_selection.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "support/addresses.h"
#include "support/conntrack_fixture.h"
#include "support/fake_conntrack_table.h"

namespace fairlead::conntrack {
namespace {

using kernel::conntrack::Flow;
using kernel::conntrack::TcpState;
using test::address;
using test::udp_flow;

FlowNames dns_and_web() {
    FlowNames names;
    names.add({"shop/dns",
               {{base::L4Protocol::kUdp, address("10.96.0.10"), 53}},
               {{{address("10.64.0.1"), 5353}, "shop/dns-1"}, {{address("10.64.0.2"), 5353}, ""}}});
    names.add({"shop/web", {{base::L4Protocol::kTcp, address("10.96.0.20"), 80}}, {}});
    return names;
}

/// By their clients' last number.
std::vector<Flow> flows() {
    std::vector flows = {
        udp_flow("10.9.0.1:1", "10.96.0.10:53", "10.64.0.1:5353"),
        udp_flow("10.9.0.2:1", "10.96.0.10:53", "10.64.0.2:5353"),
        udp_flow("10.9.0.3:1", "10.96.0.10:53", "10.64.0.3:5353"),
        test::with_protocol(udp_flow("10.9.0.4:1", "10.96.0.20:80", "10.64.0.4:80"), IPPROTO_TCP),
        udp_flow("10.64.0.1:1", "10.77.0.5:53", "10.77.0.5:53")};
    for (auto& flow : flows)
        if (flow.original.destination != flow.reply.source)
            flow.status |= kernel::conntrack::status::kDestinationNat;
    flows[0].status |= kernel::conntrack::status::kSeenReply;
    flows[3].tcp_state = TcpState::kSynSent;
    return flows;
}

struct Case {
    const char* name;
    void (*fill)(FlowSelection&);
    std::vector<std::size_t> selected;  // indices into flows()
};

const Case kCases[] = {
    {"everything", [](FlowSelection&) {}, {0, 1, 2, 3, 4}},
    {"a Service", [](FlowSelection& it) { it.service = "shop/dns"; }, {0, 1, 2}},
    {"a Service that is not there", [](FlowSelection& it) { it.service = "shop/none"; }, {}},
    {"a Pod", [](FlowSelection& it) { it.pod = "shop/dns-1"; }, {0}},
    {"what leads nowhere", [](FlowSelection& it) { it.leads_nowhere = true; }, {2, 3}},
    {"what of a Service leads nowhere",
     [](FlowSelection& it) {
         it.service = "shop/dns";
         it.leads_nowhere = true;
     },
     {2}},
    {"an address on any side", [](FlowSelection& it) { it.address = address("10.64.0.1"); }, {0, 4}},
    {"an addressed address", [](FlowSelection& it) { it.address = address("10.96.0.20"); }, {3}},
    {"a state", [](FlowSelection& it) { it.state = TcpState::kSynSent; }, {3}},
    {"a state that no flow is in", [](FlowSelection& it) { it.state = TcpState::kClose; }, {}},
    {"the kernel's part",
     [](FlowSelection& it) { it.filter.status = {0, kernel::conntrack::status::kSeenReply}; },
     {1, 2, 3, 4}},
    {"both parts",
     [](FlowSelection& it) {
         it.filter.protocol = IPPROTO_UDP;
         it.leads_nowhere = true;
     },
     {2}},
};

TEST(FlowSelection, SelectsWhatEverythingGivenHoldsForAndDeletesNothingElse) {
    const auto names = dns_and_web();
    for (const auto& [name, fill, selected] : kCases) {
        FlowSelection selection;
        fill(selection);
        test::FakeConntrackTable table;
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < flows().size(); ++i) {
            ASSERT_TRUE(table.insert(flows()[i]));
            if (selects(selection, names, flows()[i])) found.push_back(i);
        }
        EXPECT_EQ(found, selected) << name;
        if (selection == FlowSelection{}) continue;
        EXPECT_EQ(delete_selected(table, selection, names).value(), selected.size()) << name;
        EXPECT_EQ(table.flows().size(), flows().size() - selected.size()) << name;
        for (const auto& flow : table.flows())
            EXPECT_FALSE(selects(selection, names, flow)) << name;
    }
}

TEST(FlowSelection, DeletesMoreThanIsHeldAtATime) {
    test::FakeConntrackTable table;
    for (int i = 1; i <= 2'500; ++i)
        ASSERT_TRUE(
            table.insert(udp_flow("10.9.0.1:" + std::to_string(i), "10.96.0.10:53", "10.64.0.3:5353")));
    FlowSelection selection;
    selection.address = address("10.9.0.1");
    EXPECT_EQ(delete_selected(table, selection, dns_and_web()).value(), 2'500U);
    EXPECT_TRUE(table.flows().empty());
}

TEST(FlowSelection, NeverDeletesEverythingAndTellsWhatTheKernelRefused) {
    test::FakeConntrackTable table;
    ASSERT_TRUE(table.insert(flows()[0]));
    EXPECT_EQ(delete_selected(table, {}, dns_and_web()).error().code, base::ErrorCode::kInvalid);
    FlowSelection selection;
    selection.service = "shop/dns";
    table.fail_calls({base::ErrorCode::kDenied, 1, "not allowed"});
    EXPECT_EQ(delete_selected(table, selection, dns_and_web()).error().message, "not allowed");
    EXPECT_EQ(table.flows().size(), 1U);
}

}  // namespace
}  // namespace fairlead::conntrack
