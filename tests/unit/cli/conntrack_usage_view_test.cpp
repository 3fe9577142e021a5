#include "cli/conntrack_usage_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using conntrack::FlowCount;
using testing::HasSubstr;
using testing::Not;

UsageView view() {
    UsageView view;
    view.usage.total = {200, 50, 100, 20};
    view.usage.services = {{{"shop/cart", {120, 30, 60, 12}, 0}, {"udp 10.96.0.10:53", {20, 20, 0, 0}, 0}},
                           60};
    view.usage.peers = {{{"10.9.0.1", {100, 0, 100, 0}, 0}}, 100};
    view.usage.states = {{{"tcp ESTABLISHED", {200, 50, 100, 20}, 0}}, 0};
    view.flows = 200;
    view.most = 1'000;
    view.whole = true;
    return view;
}

TEST(ConntrackUsageView, IsASummaryAndATableForEachPart) {
    EXPECT_EQ(usage_text(view(), {UsagePart::kServices, UsagePart::kStates}, false),
              R"(200 flows, 20.0% of nf_conntrack_max (1000)
25.0% unreplied, 50.0% assured, 20 lead to no live endpoint

SERVICE             FLOWS   SHARE   UNREPLIED   NOWHERE
shop/cart           120     60.0%   25.0%       10.0%
udp 10.96.0.10:53   20      10.0%   100.0%      0.0%
<others and none>   60      30.0%   -           -

STATE             FLOWS   SHARE    UNREPLIED   NOWHERE
tcp ESTABLISHED   200     100.0%   25.0%       10.0%
)");
    EXPECT_THAT(usage_text(view(), {UsagePart::kPeers}, true),
                HasSubstr("PEER       FLOWS   SHARE   UNREPLIED   NOWHERE   ASSURED   ATMOST\n"
                          "10.9.0.1   100     50.0%   0.0%        0.0%      100.0%    100\n"
                          "<others>   100     50.0%   -           -         -         -\n"));
}

TEST(ConntrackUsageView, SaysWhatIsOfASampleAndWhatMayBeMissing) {
    auto sample = view();
    sample.whole = false;
    sample.flows = 2'000;
    sample.most.reset();
    sample.usage.peers.largest.front().missed = 3;
    const auto text = usage_text(sample, {UsagePart::kPeers}, true);
    EXPECT_THAT(text, HasSubstr("2000 flows; sample of 200 of 2000, shares are +-6.6%\n"));
    EXPECT_THAT(text, HasSubstr("~200 lead to no live endpoint\n"));
    EXPECT_THAT(text, HasSubstr("10.9.0.1   ~1000   50.0%   0.0%        0.0%      100.0%    ~1030\n"));
    EXPECT_THAT(text, HasSubstr("each may have up to 30 flows more.\n"));
    EXPECT_THAT(usage_text(sample, {UsagePart::kServices}, true), Not(HasSubstr("more addresses")));
}

TEST(ConntrackUsageView, OfAnEmptyTableHasNoShares) {
    UsageView empty;
    empty.whole = true;
    EXPECT_EQ(usage_text(empty, {UsagePart::kPeers}, false),
              "0 flows\n0.0% unreplied, 0.0% assured, 0 lead to no live endpoint\n\n"
              "PEER   FLOWS   SHARE   UNREPLIED   NOWHERE\n");
    EXPECT_THAT(usage_json(empty, {UsagePart::kPeers}), HasSubstr(R"("peers":{"items":[],"otherFlows":0}})"));
}

TEST(ConntrackUsageView, IsJsonOfTheNumbersThatWereRead) {
    auto sample = view();
    sample.whole = false;
    sample.flows = 2'000;
    EXPECT_EQ(
        usage_json(sample, {UsagePart::kPeers, UsagePart::kPods}),
        R"({"apiVersion":"fairlead.status/v1alpha1","kind":"ConntrackUsage","tableFlows":2000,"tableMax":1000,)"
        R"("whole":false,"shareError":0.06576,"flows":200,"unreplied":50,"assured":100,"leadsNowhere":20,)"
        R"("peers":{"items":[{"name":"10.9.0.1","share":0.50000,"flows":100,"unreplied":0,"assured":100,)"
        R"("leadsNowhere":0,"missedAtMost":0}],"otherFlows":100},"pods":{"items":[],"otherFlows":0}})");
}

TEST(ConntrackUsageView, KnowsItsParts) {
    for (const auto* name : {"services", "pods", "peers", "states"})
        EXPECT_TRUE(parse_usage_part(name)) << name;
    EXPECT_FALSE(parse_usage_part(""));
    EXPECT_FALSE(parse_usage_part("service"));
}

}  // namespace
}  // namespace fairlead::cli
