#include "cli/flow_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "cli/flow_names_reader.h"
#include "support/conntrack_fixture.h"

namespace fairlead::cli {
namespace {

using kernel::conntrack::Flow;
using testing::HasSubstr;
using testing::StartsWith;
namespace status = kernel::conntrack::status;

constexpr std::string_view kFlowListPage =
    "{\"services\":[\n"
    R"({"namespace":"shop","name":"dns","ports":[{"protocol":"UDP","port":53,)"
    R"("frontends":["10.96.0.10:53","[fd00:96::10]:53"],)"
    R"("endpoints":[{"endpoint":"10.64.0.1:5353","pod":"dns-1"},{"endpoint":"10.64.0.2:5353"}]}]})"
    "\n]}\n";

conntrack::FlowNames names_of_page() {
    FlowNamesReader reader;
    reader.take(kFlowListPage);
    return reader.finish().value();
}

Flow flow(std::string_view answering) {
    auto flow = test::udp_flow("10.9.0.1:1000", "10.96.0.10:53", answering);
    flow.status |= status::kDestinationNat;
    return flow;
}

std::string listed(FlowFormat format, const std::vector<Flow>& flows) {
    const auto names = names_of_page();
    std::string text;
    FlowList list{format, names, [&](std::string_view part) { text += part; }};
    for (const auto& each : flows)
        list.add(each);
    EXPECT_EQ(list.finish(), flows.size());
    return text;
}

std::vector<Flow> samples() {
    auto counted = flow("10.64.0.1:5353");
    counted.status |= status::kSeenReply | status::kAssured;
    counted.original_counters = {3, 300};
    counted.reply_counters = {2, 2'000};
    counted.mark = 0x12;
    counted.id = 7;
    auto ping = test::with_protocol(test::udp_flow("10.9.0.1:0", "10.64.0.1:0", "10.64.0.1:0"), IPPROTO_ICMP);
    ping.timeout.reset();
    return {counted, flow("10.64.0.2:5353"), flow("10.64.0.9:5353"), ping};
}

TEST(FlowList, IsATableByNames) {
    EXPECT_EQ(
        listed(FlowFormat::kTable, samples()),
        R"(PROTOCOL   STATE       CLIENT          SERVICE       ENDPOINT                    TIMEOUT   PACKETS
udp        REPLIED     10.9.0.1:1000   shop/dns:53   shop/dns-1:5353             100s      3+2
udp        UNREPLIED   10.9.0.1:1000   shop/dns:53   10.64.0.2:5353              100s      -
udp        UNREPLIED   10.9.0.1:1000   shop/dns:53   10.64.0.9:5353 (not live)   100s      -
icmp       UNREPLIED   10.9.0.1        10.64.0.1     shop/dns-1                  -         -
)");
    const auto wide = listed(FlowFormat::kWide, {samples()[0]});
    EXPECT_THAT(wide, HasSubstr("BYTES      DESTINATION     ANSWERS AT       ASSURED   ZONE   MARK\n"));
    EXPECT_THAT(wide, HasSubstr("300+2000   10.96.0.10:53   10.64.0.1:5353   yes       0      0x12\n"));
    EXPECT_EQ(listed(FlowFormat::kTable, {}), "");
}

TEST(FlowList, IsOneDocumentOfJsonOrYaml) {
    EXPECT_EQ(
        listed(FlowFormat::kJson, {samples()[0], samples()[2]}),
        R"({"apiVersion":"fairlead.status/v1alpha1","kind":"FlowList","items":[)"
        R"({"kind":"Flow","protocol":"udp","state":"REPLIED","client":"10.9.0.1:1000","destination":"10.96.0.10:53",)"
        R"("endpoint":"10.64.0.1:5353","service":"shop/dns","pod":"shop/dns-1","leadsNowhere":false,"replied":true,)"
        R"("assured":true,"timeoutSeconds":100,"zone":0,"mark":18,"id":7,"packets":{"original":3,"reply":2},)"
        R"("bytes":{"original":300,"reply":2000}},)"
        R"({"kind":"Flow","protocol":"udp","state":"UNREPLIED","client":"10.9.0.1:1000","destination":"10.96.0.10:53",)"
        R"("endpoint":"10.64.0.9:5353","service":"shop/dns","leadsNowhere":true,"replied":false,"assured":false,)"
        R"("timeoutSeconds":100,"zone":0,"mark":0,"id":0}]})"
        "\n");
    EXPECT_EQ(listed(FlowFormat::kJson, {}),
              "{\"apiVersion\":\"fairlead.status/v1alpha1\",\"kind\":\"FlowList\",\"items\":[]}\n");
    const auto yaml = listed(FlowFormat::kYaml, samples());
    EXPECT_THAT(yaml, StartsWith("apiVersion: \"fairlead.status/v1alpha1\"\nkind: \"FlowList\"\nitems:\n"
                                 "- kind: \"Flow\"\n  protocol: \"udp\"\n"));
    EXPECT_THAT(yaml, HasSubstr("\n- kind: \"Flow\"\n  protocol: \"icmp\"\n"));
    EXPECT_THAT(listed(FlowFormat::kYaml, {}), testing::EndsWith("items: []\n"));
}

TEST(FlowList, PrintsLongListsInParts) {
    const auto names = names_of_page();
    for (const auto format : {FlowFormat::kTable, FlowFormat::kJson}) {
        std::size_t parts = 0;
        std::size_t longest = 0;
        FlowList list{format, names, [&](std::string_view part) {
                          ++parts;
                          longest = std::max(longest, part.size());
                      }};
        for (int i = 0; i < 5'000; ++i)
            list.add(flow("10.64.0.1:5353"));
        EXPECT_EQ(list.finish(), 5'000U);
        EXPECT_GE(parts, 10U);
        EXPECT_LT(longest, 100'000U);
    }
}

}  // namespace
}  // namespace fairlead::cli
