#include "cli/conntrack_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <functional>
#include <thread>

#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/command.h"
#include "support/conntrack_fixture.h"

namespace fairlead::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> names(const ConntrackEvidence& gathered) {
    std::vector<std::string> names;
    for (const auto& finding : find_problems(gathered.evidence))
        names.push_back(std::string(name_of(finding.severity)) + " " + std::string(finding.name));
    return names;
}

ConntrackEvidence gather() {
    return gather_conntrack_evidence(base::SocketAddress::parse("127.0.0.1:1").value(),
                                     std::chrono::seconds(0));
}

/// Runs in a network namespace of its own, which is gone afterwards with all that is in its table.
void in_new_namespace(const std::function<void()>& test) {
    std::thread{[&] {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        test::output_of(
            "ip link set lo up; nft 'table ip t { chain c { type filter hook output priority 0; "
            "ct state new accept; }; }'");
        test();
    }}.join();
}

void send_datagram() {
    test::output_of("bash -c 'echo > /dev/udp/127.0.0.1/9' 2> /dev/null; true");
}

/// The errno of the first flow that the kernel refuses.
int fill_table() {
    constexpr std::uint32_t kChunk = 10'000;
    for (std::uint32_t at = 0;; at += kChunk) {
        std::vector<kernel::conntrack::Flow> flows;
        for (std::uint32_t i = at; i < at + kChunk; ++i) {
            const auto client =
                "10.2." + std::to_string(i / 50'000) + ".1:" + std::to_string(1'024 + i % 50'000);
            auto flow = test::udp_flow(client, "10.96.7.7:53", "10.1.7.7:53");
            flow.status |= kernel::conntrack::status::kAssured | kernel::conntrack::status::kSeenReply;
            flows.push_back(std::move(flow));
        }
        if (const int refused = test::insert_into_kernel(flows)) return refused;
    }
}

TEST(ConntrackEvidence, TellsOfATableThatIsFullForReal) {
    in_new_namespace([] {
        const auto before = names(gather());
        // Not of the kernel's log: it may tell of a namespace that is gone, whose number this one has got.
        for (const auto* name : {"error table-nearly-full", "warning packets-dropped"})
            EXPECT_THAT(before, Not(Contains(name)));
        auto table = *kernel::conntrack::NetlinkConntrackTable::open();
        constexpr std::uint32_t kMostThatATestFills = 600'000;
        if (table.max().value().value_or(UINT32_MAX) > kMostThatATestFills)
            GTEST_SKIP() << "nf_conntrack_max is too large to be filled";
        fill_table();
        send_datagram();
        const auto gathered = gather();
        const auto after = names(gathered);
        EXPECT_THAT(after, Contains("error table-nearly-full"));
        EXPECT_THAT(after, Contains("warning packets-dropped"));
        // Kernels that do not name the namespace may have left the line out, after too many of others.
        if (gathered.evidence.kernel_log) {
            EXPECT_THAT(after, Contains(HasSubstr("log-table-full")));
        }
        EXPECT_THAT(gathered.unknown, Contains(HasSubstr("agent: not asked")));
    });
}

TEST(ConntrackEvidence, KnowsSettingsAndEntriesOfItsNamespace) {
    in_new_namespace([] {
        test::output_of(
            "sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3601 "
            "net.netfilter.nf_conntrack_udp_timeout=5 net.netfilter.nf_conntrack_acct=1 "
            "net.netfilter.nf_conntrack_tcp_be_liberal=1");
        send_datagram();
        const auto gathered = gather();
        EXPECT_THAT(names(gathered),
                    testing::IsSupersetOf(
                        {"info close-wait-timeout-long", "warning udp-timeout-short", "info liberal-mode"}));
        EXPECT_THAT(names(gathered), Not(Contains(HasSubstr("accounting-off"))));
        ASSERT_TRUE(gathered.evidence.in_table);
        EXPECT_EQ(gathered.evidence.in_table->looked_at, 1U);
        EXPECT_EQ(gathered.evidence.in_table->unreplied, 1U);
        EXPECT_TRUE(gathered.evidence.kernel);
        EXPECT_THAT(gathered.unknown, Contains(HasSubstr("agent: the agent does not answer")));
    });
}

}  // namespace
}  // namespace fairlead::cli
