#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "case_program.h"
#include "lab/dns_lookups.h"
#include "lab/dns_outage.h"

namespace fairlead::lab {
namespace {

using testing::HasSubstr;

class DnsCaseTest : public CaseTest {
  protected:
    DnsCaseTest() : CaseTest("dns") {}

    void set_up_stages() override {
        stage_ = std::make_unique<DnsStage>(lab_, kProgram);
        const auto ready = stage_->set_up();
        ASSERT_TRUE(ready) << ready.error().message;
    }
    void take_down_stages() override { stage_.reset(); }

    std::unique_ptr<DnsStage> stage_;
};

/// Queries of each lookup of the kinds of lookup_kinds().
struct Queries {
    std::size_t plain;
    std::size_t fairlead;
};
constexpr std::array kQueries = {Queries{10, 2}, Queries{10, 2}, Queries{4, 4}, Queries{2, 2},
                                 Queries{10, 10}};

TEST_F(DnsCaseTest, LookupThatEndsBehindTheSearchListTakesTwoQueriesAndNoQueryReachesTheClusterDns) {
    const auto costs = measure_lookups(*stage_);
    ASSERT_TRUE(costs) << costs.error().message;
    ASSERT_EQ(costs->size(), kQueries.size());
    for (std::size_t i = 0; i < kQueries.size(); ++i) {
        const auto& [kind, plain, fairlead] = costs->at(i);
        EXPECT_EQ(plain.queries, plain.lookups * kQueries.at(i).plain) << kind.what;
        EXPECT_EQ(plain.packets, 2 * plain.queries) << kind.what;
        EXPECT_EQ(plain.queries_at_cluster_dns, plain.queries) << kind.what;
        EXPECT_EQ(fairlead.queries, fairlead.lookups * kQueries.at(i).fairlead) << kind.what;
        EXPECT_EQ(fairlead.packets, 2 * fairlead.queries) << kind.what;
        EXPECT_EQ(fairlead.queries_at_cluster_dns, 0U) << kind.what;
    }
}

TEST_F(DnsCaseTest, NoLookupFailsWhenTheAgentIsKilledAndStartedUnderLoad) {
    const auto outage = kill_under_load(*stage_);
    ASSERT_TRUE(outage) << outage.error().message;
    for (const auto* phase : {&outage->before, &outage->killed, &outage->restarted, &outage->recovered}) {
        EXPECT_EQ(phase->lookups.unanswered, 0U);
        EXPECT_GT(phase->lookups.at_first_try, 0U);
    }
    EXPECT_EQ(outage->before.queries_at_cluster_dns, 0U);
    EXPECT_GT(outage->killed.queries_at_cluster_dns, 0U);
    EXPECT_EQ(outage->recovered.queries_at_cluster_dns, 0U);
}

TEST(DnsCase, ShowsFailureAndCure) {
    const auto said = test::output_of(kProgram + " lab run dns 2>&1");
    for (const auto* line :
         {"no CoreDNS but a fairlead in mode bind", "options ndots:5", "corp.example", "a host outside",
          "2,500 lookups by each way the cluster DNS got 18,000 queries from the one Pod, 0 from the other",
          "Time of a lookup (p50)", "kill -9 of the agent under load", "started again", "collapses again",
          "all of it is removed again"})
        EXPECT_THAT(said, HasSubstr(line));
    expect_no_case_left();
}

TEST(DnsCase, InterruptedLeavesNothingAndKilledIsRemovedByLabDown) {
    expect_nothing_left_of_an_ended_case("dns", namespace_prefix("case") + "case_fairlead");
}

}  // namespace
}  // namespace fairlead::lab
