#include "conntrack/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::conntrack {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// "error table-nearly-full", in their order.
std::vector<std::string> names(const Evidence& evidence) {
    std::vector<std::string> names;
    for (const auto& finding : find_problems(evidence))
        names.push_back(std::string(name_of(finding.severity)) + " " + std::string(finding.name));
    return names;
}

Evidence table(std::uint64_t entries, std::uint64_t max, std::uint64_t buckets) {
    Evidence evidence;
    evidence.entries = entries;
    evidence.max = max;
    evidence.buckets = buckets;
    return evidence;
}

Evidence counted(std::optional<std::uint64_t> CounterEvidence::* counter, std::uint64_t total,
                 std::uint64_t grown) {
    Evidence evidence;
    evidence.total.*counter = total;
    evidence.grown.*counter = grown;
    evidence.watched = 2s;
    return evidence;
}

Evidence timed(std::optional<std::chrono::seconds> TimeoutEvidence::* timeout, std::chrono::seconds value) {
    Evidence evidence;
    evidence.timeouts.tcp_keepalive = 7200s;
    evidence.timeouts.*timeout = value;
    return evidence;
}

Evidence guarded(std::string mode, std::optional<std::uint64_t> from_endpoints,
                 std::optional<bool> liberal = {}) {
    Evidence evidence;
    evidence.guard = GuardEvidence{std::move(mode), from_endpoints};
    evidence.liberal = liberal;
    return evidence;
}

Evidence entries(EntryEvidence counted) {
    Evidence evidence;
    evidence.in_table = counted;
    return evidence;
}

Evidence logged(const KernelLogSummary& summary, std::optional<std::chrono::seconds> uptime = {}) {
    Evidence evidence;
    evidence.kernel_log = summary;
    evidence.uptime = uptime;
    return evidence;
}

Evidence with(auto Evidence::* field, auto value) {
    Evidence evidence;
    evidence.*field = value;
    return evidence;
}

TEST(Findings, AreNoneWhereNothingIsKnown) {
    EXPECT_THAT(names({}), IsEmpty());
}

TEST(Findings, AreMadeFromTheirBoundaryOn) {
    using C = CounterEvidence;
    using T = TimeoutEvidence;
    struct Case {
        std::string_view what;
        Evidence evidence;
        std::vector<std::string> expected;
    };
    const Case cases[] = {
        {"74.9 % full", table(749, 1000, 1000), {}},
        {"75 % full", table(750, 1000, 1000), {"warning table-nearly-full"}},
        {"89.9 % full", table(899, 1000, 1000), {"warning table-nearly-full"}},
        {"90 % full", table(900, 1000, 1000), {"error table-nearly-full"}},
        {"more than there is room for", table(1100, 1000, 1100), {"error table-nearly-full"}},
        {"no limit", table(900, 0, 1000), {}},
        {"as many entries as buckets", table(100, 400, 100), {}},
        {"one more", table(101, 400, 100), {"warning chains-long"}},
        {"four entries a bucket", table(0, 400, 100), {}},
        {"more", table(0, 404, 100), {"warning buckets-too-few"}},
        {"no buckets: nonsense", table(5, 404, 0), {}},

        {"nothing dropped", counted(&C::drop, 0, 0), {}},
        {"dropped once", counted(&C::drop, 3, 0), {"warning packets-dropped"}},
        {"drops now", counted(&C::drop, 3, 1), {"error packets-dropped"}},
        {"nothing evicted", counted(&C::early_drop, 0, 0), {}},
        {"evicted once", counted(&C::early_drop, 3, 0), {"warning entries-evicted"}},
        {"evicts now", counted(&C::early_drop, 3, 1), {"error entries-evicted"}},
        {"no insert failed", counted(&C::insert_failed, 0, 0), {}},
        {"inserts failed once", counted(&C::insert_failed, 3, 0), {"warning insert-failed"}},
        {"inserts fail now", counted(&C::insert_failed, 3, 1), {"error insert-failed"}},
        {"no chain too long", counted(&C::chain_too_long, 0, 0), {}},
        {"a chain was too long", counted(&C::chain_too_long, 3, 0), {"warning chain-too-long"}},
        {"a chain is too long", counted(&C::chain_too_long, 3, 1), {"error chain-too-long"}},
        {"no race", counted(&C::clash_resolve, 0, 0), {}},
        {"races are resolved", counted(&C::clash_resolve, 3, 1), {"info races-resolved"}},

        {"the kernel's close_wait", timed(&T::tcp_close_wait, 60s), {"warning close-wait-timeout-short"}},
        {"close_wait below five minutes",
         timed(&T::tcp_close_wait, 299s),
         {"warning close-wait-timeout-short"}},
        {"close_wait of five minutes", timed(&T::tcp_close_wait, 300s), {}},
        {"kube-proxy's close_wait", timed(&T::tcp_close_wait, 3600s), {}},
        {"close_wait above an hour", timed(&T::tcp_close_wait, 3601s), {"info close-wait-timeout-long"}},
        {"forgotten with the keepalive",
         timed(&T::tcp_established, 7200s),
         {"warning established-timeout-short"}},
        {"a second later", timed(&T::tcp_established, 7201s), {}},
        {"24 keepalives", timed(&T::tcp_established, 172'800s), {}},
        {"more", timed(&T::tcp_established, 172'801s), {"info established-timeout-long"}},
        {"udp below 10 s", timed(&T::udp, 9s), {"warning udp-timeout-short"}},
        {"udp 10 s", timed(&T::udp, 10s), {}},
        {"udp 3 min", timed(&T::udp, 180s), {}},
        {"udp more", timed(&T::udp, 181s), {"info udp-timeout-long"}},
        {"stream below a minute", timed(&T::udp_stream, 59s), {"warning udp-stream-timeout-short"}},
        {"stream a minute", timed(&T::udp_stream, 60s), {}},
        {"stream 10 min", timed(&T::udp_stream, 600s), {}},
        {"stream more", timed(&T::udp_stream, 601s), {"info udp-stream-timeout-long"}},

        {"the guard is off and was needed", guarded("off", 1), {"error invalid-from-endpoints"}},
        {"the guard drops them", guarded("endpoints", 1), {"info invalid-from-endpoints"}},
        {"none came", guarded("off", 0), {}},
        {"nobody counts them", guarded("off", {}), {}},
        {"liberal", with(&Evidence::liberal, true), {"info liberal-mode"}},
        {"liberal beside a guard", guarded("endpoints", 0, true), {"info liberal-mode"}},
        {"liberal as it is wanted", guarded("liberal", {}, true), {}},
        {"not liberal", with(&Evidence::liberal, false), {}},

        {"half unreplied", entries({1000, 500, {}}), {"warning many-unreplied"}},
        {"less", entries({1000, 499, {}}), {}},
        {"few entries", entries({999, 999, {}}), {}},
        {"none", entries({0, 0, NowhereEvidence{}}), {}},
        {"one of UDP leads nowhere",
         entries({10, 0, NowhereEvidence{1, 1, {}}}),
         {"warning entries-lead-nowhere"}},
        {"one of TCP", entries({10, 0, NowhereEvidence{1, 0, {}}}), {"info entries-lead-nowhere"}},

        {"a clean log", logged({}), {}},
        {"full, who knows when", logged({.table_full = 1}), {"warning log-table-full"}},
        {"full an hour ago",
         logged({.table_full = 1, .last_table_full = 10s}, 3610s),
         {"warning log-table-full"}},
        {"full less long ago",
         logged({.table_full = 1, .last_table_full = 10s}, 3609s),
         {"error log-table-full"}},
        {"full after now: nonsense",
         logged({.table_full = 1, .last_table_full = 10s}, 9s),
         {"warning log-table-full"}},
        {"full elsewhere", logged({.table_full_elsewhere = 1}), {"info log-table-full-elsewhere"}},
        {"expectations full", logged({.expectations_full = 1}), {"warning log-expectations-full"}},
        {"vmalloc", logged({.vmalloc = 1}), {"info log-vmalloc"}},

        {"accounting", with(&Evidence::accounting, true), {}},
        {"no accounting", with(&Evidence::accounting, false), {"info accounting-off"}},
        {"6.0", with(&Evidence::kernel, KernelVersion{6, 0}), {"warning kernel-delayed-segments"}},
        {"5.15", with(&Evidence::kernel, KernelVersion{5, 15}), {"warning kernel-delayed-segments"}},
        {"6.1", with(&Evidence::kernel, KernelVersion{6, 1}), {}},
        {"rewritten",
         with(&Evidence::rewritten, std::vector<RewrittenValue>{{"nf_conntrack_max", 8, 4}}),
         {"warning value-rewritten"}},
        {"kube-proxy that rewrites nothing", with(&Evidence::kube_proxy_runs, true), {}},
    };
    for (const auto& [what, evidence, expected] : cases)
        EXPECT_EQ(names(evidence), expected) << what;
}

TEST(Findings, ComeTheWorstFirst) {
    auto evidence = table(950, 1000, 100);
    evidence.accounting = false;
    EXPECT_THAT(names(evidence), ElementsAre("error table-nearly-full", "warning chains-long",
                                             "warning buckets-too-few", "info accounting-off"));
}

TEST(Findings, SayWhatWasSeenInNumbersAndWhatToDo) {
    const auto first = [](const Evidence& evidence) { return find_problems(evidence).at(0); };
    EXPECT_EQ(first(table(236'000, 262'144, 262'144)).seen, "236000 of 262144 entries are in use (90 %)");
    EXPECT_THAT(first(table(236'000, 262'144, 262'144)).cure,
                HasSubstr("sysctl -w net.netfilter.nf_conntrack_max=524288"));
    EXPECT_EQ(first(table(300, 1000, 200)).seen,
              "300 entries in 200 buckets: chains of 3.0 on average, each "
              "entry being in two");
    EXPECT_EQ(first(counted(&CounterEvidence::drop, 7, 2)).seen, "drop is 7, and grew by 2 within 2 s");
    EXPECT_THAT(std::string(first(counted(&CounterEvidence::drop, 7, 2)).why), HasSubstr("half-closed"));
    EXPECT_EQ(first(timed(&TimeoutEvidence::tcp_close_wait, 60s)).seen,
              "nf_conntrack_tcp_timeout_close_wait is 60 s");
    EXPECT_EQ(
        first(entries({90, 0, NowhereEvidence{12, 8, {{"shop/cart", 9}, {"kube-system/dns", 3}}}})).seen,
        "12 of 90 entries go to a Service, but to none of its live endpoints, 8 over UDP; most: shop/cart "
        "9, kube-system/dns 3");
    EXPECT_EQ(first(logged({.table_full = 3, .suppressed = 40, .last_table_full = 60s}, 200s)).seen,
              "\"nf_conntrack: table full, dropping packet\" 3 times, and up to 40 times more that were not "
              "written, last 2 min ago");
    Evidence rewritten = with(&Evidence::rewritten, std::vector<RewrittenValue>{{"nf_conntrack_max", 8, 4}});
    EXPECT_EQ(first(rewritten).seen, "nf_conntrack_max is 4, not 8 as it was written");
    rewritten.kube_proxy_runs = true;
    EXPECT_THAT(first(rewritten).seen, HasSubstr("kube-proxy runs on this node"));
    for (const auto& finding : find_problems(rewritten)) {
        EXPECT_FALSE(finding.why.empty());
        EXPECT_FALSE(finding.cure.empty());
    }
}

}  // namespace
}  // namespace fairlead::conntrack
