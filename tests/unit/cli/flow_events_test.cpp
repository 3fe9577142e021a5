#include "cli/flow_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/conntrack_fixture.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(FlowEvents, HaveOneHeadingAndTheirTypeInTheFirstColumn) {
    const conntrack::FlowNames names;
    const auto flow = test::udp_flow("10.9.0.1:1000", "10.96.0.10:53", "10.64.0.1:53");
    FlowEvents events{FlowFormat::kTable, names};
    EXPECT_THAT(events.text("ADDED", flow), StartsWith("EVENT   PROTOCOL   STATE "));
    EXPECT_THAT(events.text("DELETED", flow), StartsWith("DELETED   udp        UNREPLIED   10.9.0.1:1000"));
}

TEST(FlowEvents, SayThatSomeWereLostInEachFormat) {
    const conntrack::FlowNames names;
    struct Case {
        FlowFormat format;
        std::string_view text;
    };
    for (const auto& [format, text] : {
             Case{FlowFormat::kTable, "RESYNC: events were lost; all flows that are there now follow\n"},
             Case{FlowFormat::kWide, "RESYNC: events were lost; all flows that are there now follow\n"},
             Case{FlowFormat::kJson,
                  R"({"type":"RESYNC","object":{"message":"events were lost; all flows that are there now )"
                  "follow\"}}\n"},
             Case{FlowFormat::kYaml,
                  "---\ntype: \"RESYNC\"\nobject:\n  message: \"events were lost; all flows that are there "
                  "now "
                  "follow\"\n"},
         })
        EXPECT_EQ((FlowEvents{format, names}.resync_text()), text);
}

}  // namespace
}  // namespace fairlead::cli
