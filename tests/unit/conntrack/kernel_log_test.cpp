#include "conntrack/kernel_log.h"

#include <gtest/gtest.h>

namespace fairlead::conntrack {
namespace {

using namespace std::chrono_literals;
using enum KernelLogKind;

TEST(KernelLogLine, IsReadInAllFormsInWhichLogsHaveIt) {
    struct Case {
        std::string_view text;
        KernelLogLine expected;
    };
    const Case cases[] = {
        {"4,1107,93210045,-;nf_conntrack: table full, dropping packet", {kTableFull, 1, 93'210'045us, {}}},
        {"4,1107,93210045,-,caller=T12;nf_conntrack: nf_conntrack: table full, dropping packet\n SUBSYSTEM=x",
         {kTableFull, 1, 93'210'045us, {}}},
        {"4,1,5,-;nf_conntrack: table full in netns 4026531840, dropping packet",
         {kTableFull, 1, 5us, 4'026'531'840}},
        {"[   93.210045] nf_conntrack: table full, dropping packet", {kTableFull, 1, 93'210'045us, {}}},
        {"nf_conntrack: table full, dropping packet", {kTableFull, 1, {}, {}}},
        {"ip_conntrack: table full, dropping packet.", {kTableFull, 1, {}, {}}},
        {"Nov 25 07:00:01 n1 kernel: [93.000001] nf_conntrack: table full, dropping packet",
         {kTableFull, 1, 93'000'001us, {}}},
        {"Nov 25 07:00:01 n1 kernel: message repeated 3 times: [ nf_conntrack: table full, dropping packet]",
         {kTableFull, 3, {}, {}}},
        {"4,1,5,-;net_ratelimit: 42 callbacks suppressed", {kSuppressed, 42, 5us, {}}},
        {"6,1,5,-;nf_conntrack: falling back to vmalloc.", {kVmalloc, 1, 5us, {}}},
        {"4,1,5,-;nf_conntrack: expectation table full", {kExpectationsFull, 1, 5us, {}}},
        {"4,1,5,-;nf_ct_expect: expectation table full", {kExpectationsFull, 1, 5us, {}}},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_EQ(parse_kernel_log_line(text), expected) << text;
}

TEST(KernelLogLine, IsPassedOverWhereItIsAboutSomethingElse) {
    for (const std::string_view text :
         {"", "4,1,5,-;", "4,1,5", "4,1,99999999999999999999,-;nf_conntrack: table full, dropping packet",
          "6,1,5,-;nf_conntrack: default automatic helper assignment has been turned off",
          "4,1,5,-;neighbour: arp_cache: neighbor table overflow!", "4,1,5,-;dm: table full, dropping packet",
          "4,1,5,-;nf_conntrack: table full in netns x, dropping packet",
          "4,1,5,-;nf_conntrack: table full in netns 99999999999, dropping packet",
          "4,1,5,-;nf_conntrack: table full", "4,1,5,-;net_ratelimit: some callbacks suppressed",
          "4,1,5,-;__ratelimit: 5 callbacks suppressed", "[x] nf_conntrack: table full, dropping packet",
          "message repeated many times: [ nf_conntrack: table full, dropping packet]"})
        EXPECT_EQ(parse_kernel_log_line(text), std::nullopt) << text;
}

TEST(KernelLogCounter, CountsByNamespaceAndWhatWasLeftOut) {
    KernelLogCounter counter{7};
    for (const std::string_view text :
         {"4,1,1000000,-;nf_conntrack: table full in netns 7, dropping packet",
          "4,2,2000000,-;net_ratelimit: 10 callbacks suppressed",
          "4,3,2000001,-;nf_conntrack: table full in netns 7, dropping packet",
          "4,4,3000000,-;net_ratelimit: 99 callbacks suppressed", "4,5,3000001,-;something else",
          "4,6,4000000,-;nf_conntrack: table full in netns 8, dropping packet",
          "4,7,3500000,-;nf_conntrack: table full, dropping packet",
          "4,8,5000000,-;nf_conntrack: falling back to vmalloc.",
          "4,9,5000000,-;nf_conntrack: expectation table full"})
        counter.take(text);
    EXPECT_EQ(counter.summary(), (KernelLogSummary{.table_full = 3,
                                                   .table_full_elsewhere = 1,
                                                   .suppressed = 10,
                                                   .expectations_full = 1,
                                                   .vmalloc = 1,
                                                   .last_table_full = 3'500'000us}));
}

TEST(KernelLogCounter, TakesEveryNamespaceForItsOwnWhereItDoesNotKnow) {
    KernelLogCounter counter{std::nullopt};
    counter.take("4,1,1,-;nf_conntrack: table full in netns 8, dropping packet");
    EXPECT_EQ(counter.summary().table_full, 1U);
}

}  // namespace
}  // namespace fairlead::conntrack
