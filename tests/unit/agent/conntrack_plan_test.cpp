#include "agent/conntrack_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

ConntrackPlan plan_of(const conntrack::SizingSettings& settings, std::optional<std::uint64_t> peak) {
    ConntrackPlan plan;
    plan.facts.initial_namespace = true;
    plan.facts.cpus = 3;
    plan.facts.now.emplace(conntrack::kMax, 1000U);
    plan.facts.now.emplace(conntrack::kBuckets, 900U);
    plan.facts.now.emplace("nf_conntrack_udp_timeout",
                           base::fail(base::ErrorCode::kNotFound, "udp: \"gone\""));
    plan.facts.left_alone.emplace(conntrack::kMax, "is read-only");
    plan.flows = 5;
    plan.observed_peak = peak;
    plan.values = conntrack::plan_sizes(settings, plan.facts);
    return plan;
}

const conntrack::SizingSettings kSettings{
    conntrack::Sizing::kFixed, 0, 4000, {{"nf_conntrack_udp_timeout", "conntrack.udpTimeout", {}, {}}}};

TEST(PlanText, ShowsWhatWouldChangeWhatCannotAndWhatIsNotKnown) {
    EXPECT_EQ(plan_text(plan_of(kSettings, 70), ConntrackFiles{}, false),
              "Memory: unknown, CPUs: 3, flows: 5 now, 70 at most since the agent started\n"
              "Network namespace: the initial one\n\n"
              "VALUE                      NOW    WOULD BE   WHY\n"
              "nf_conntrack_max           1000   1000       is read-only (wanted: at least 4000)\n"
              "nf_conntrack_buckets       900    1000       one for 4 of 4000 entries\n"
              "nf_conntrack_udp_timeout   ?      ?          udp: \"gone\"\n\n"
              "1 value would change.\n"
              "1 value would not be as wanted, and cannot be changed here.\n");
}

TEST(PlanText, SaysNothingOfAPeakThatNobodyKnows) {
    EXPECT_THAT(plan_text(plan_of(kSettings, {}), ConntrackFiles{}, false), Not(HasSubstr("at most")));
}

TEST(PlanText, HasSettingsAndFilesIfWide) {
    EXPECT_THAT(
        plan_text(plan_of(kSettings, {}), ConntrackFiles{"/r"}, true),
        HasSubstr("conntrack.min          /r/proc/sys/net/netfilter/nf_conntrack_buckets       one for"));
}

TEST(PlanJson, HasEveryValueWithItsAction) {
    EXPECT_EQ(
        plan_json(plan_of(kSettings, {}), ConntrackFiles{}),
        R"j({"apiVersion":"fairlead.status/v1alpha1","kind":"ConntrackPlan","memoryBytes":null,"cpus":3,)j"
        R"j("initialNamespace":true,"flows":5,"observedPeak":null,"values":[)j"
        R"j({"name":"nf_conntrack_max","file":"/proc/sys/net/netfilter/nf_conntrack_max",)j"
        R"j("setting":"conntrack.min","now":1000,"wanted":4000,"action":"blocked",)j"
        R"j("why":"is read-only (wanted: at least 4000)"},)j"
        R"j({"name":"nf_conntrack_buckets","file":"/proc/sys/net/netfilter/nf_conntrack_buckets",)j"
        R"j("setting":"conntrack.min","now":900,"wanted":1000,"action":"write",)j"
        R"j("why":"one for 4 of 4000 entries"},)j"
        R"j({"name":"nf_conntrack_udp_timeout","file":"/proc/sys/net/netfilter/nf_conntrack_udp_timeout",)j"
        R"j("setting":"conntrack.udpTimeout","now":null,"wanted":null,"action":"keep",)j"
        R"j("why":"udp: \"gone\""}]})j"
        "\n");
}

}  // namespace
}  // namespace fairlead::agent
