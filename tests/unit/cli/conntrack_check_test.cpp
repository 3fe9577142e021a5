#include "cli/conntrack_check.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using conntrack::Finding;
using conntrack::Severity;
using kernel::conntrack::CpuStats;

const std::vector<Finding> kFindings = {
    {"table-nearly-full", Severity::kError, "90 of 100 entries", "It \"hurts\".", "sysctl -w x=1"}};
const std::vector<std::string> kUnknown = {"kernel log: /dev/kmsg: Permission denied"};

TEST(ConntrackCheck, ShowsFindingsAndWhatIsNotKnown) {
    EXPECT_EQ(findings_text(kFindings, kUnknown),
              "error table-nearly-full: 90 of 100 entries\n"
              "  It \"hurts\".\n"
              "  Cure: sysctl -w x=1\n"
              "Not known: kernel log: /dev/kmsg: Permission denied\n");
    EXPECT_EQ(findings_text({}, {}),
              "Nothing is wrong with connection tracking here, as far as it was looked at.\n");
    EXPECT_EQ(findings_json(kFindings, kUnknown),
              R"({"apiVersion":"fairlead.status/v1alpha1","kind":"FindingList","items":[)"
              R"({"name":"table-nearly-full","severity":"error","seen":"90 of 100 entries",)"
              R"("why":"It \"hurts\".","cure":"sysctl -w x=1"}],)"
              R"("unknown":["kernel log: /dev/kmsg: Permission denied"]})"
              "\n");
}

CpuStats cpu(std::uint16_t number, std::optional<std::uint32_t> drop) {
    CpuStats stats;
    stats.cpu = number;
    stats.drop = drop;
    return stats;
}

TEST(ConntrackCheck, TellsHowMuchCountersGrewAlsoWhenTheyWrapped) {
    const auto grown = [](const std::vector<CpuStats>& before, const std::vector<CpuStats>& after) {
        return growth_between(before, after).drop;
    };
    EXPECT_EQ(grown({cpu(0, 5), cpu(1, 7)}, {cpu(0, 6), cpu(1, 9)}), 3U);
    EXPECT_EQ(grown({cpu(0, 0xfffffffe)}, {cpu(0, 1)}), 3U);
    EXPECT_EQ(grown({cpu(0, 5)}, {cpu(0, 5), cpu(1, 4)}), 4U) << "a CPU that was not there";
    EXPECT_EQ(grown({cpu(0, 5)}, {cpu(0, {})}), std::nullopt) << "a kernel that does not count it";
    EXPECT_EQ(grown({}, {}), std::nullopt);
    EXPECT_EQ(growth_between({cpu(0, 5)}, {cpu(0, 6)}).early_drop, std::nullopt);
}

TEST(ConntrackCheck, ReadsTheKernelsVersionAndTheAgentsWordAboutItsGuard) {
    EXPECT_EQ(parse_kernel_version("6.18.44-fc"), (conntrack::KernelVersion{6, 18}));
    EXPECT_EQ(parse_kernel_version("5.15\n"), (conntrack::KernelVersion{5, 15}));
    for (const auto* bad : {"", "6", "6.", "x.1", ".1"})
        EXPECT_EQ(parse_kernel_version(bad), std::nullopt) << bad;
    const auto guard = guard_evidence(R"({"conntrackGuard":{"mode":"endpoints","droppedPackets":7}})");
    ASSERT_TRUE(guard);
    EXPECT_EQ(guard->mode, "endpoints");
    EXPECT_EQ(guard->from_endpoints, 7U);
    EXPECT_EQ(guard_evidence(R"({"conntrackGuard":{"mode":"off","droppedPackets":0}})")->from_endpoints,
              std::nullopt)
        << "nobody counts";
    for (const auto* page : {"", "{}", R"({"conntrackGuard":{}})", R"({"conntrackGuard":3})"})
        EXPECT_FALSE(guard_evidence(page)) << page;
}

}  // namespace
}  // namespace fairlead::cli
