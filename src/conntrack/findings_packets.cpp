// What became of packets: counters, the kernel's log, state INVALID.

#include <fmt/format.h>

#include "conntrack/finding_checks.h"

namespace fairlead::conntrack {

namespace {

struct CounterFinding {
    std::optional<std::uint64_t> CounterEvidence::* counter;
    std::string_view counter_name;  ///< as `conntrack -S` has it
    std::string_view name;
    Severity growing;    ///< while it was watched
    Severity otherwise;  ///< some time before
    std::string_view why;
    std::string_view cure;
};

constexpr CounterFinding kCounterFindings[] = {
    {&CounterEvidence::drop, "drop", "packets-dropped", Severity::kError, Severity::kWarning,
     "Connection tracking itself drops packets, because no entry could be made for them; and if the table "
     "was "
     "full, the kernel forgets half-closed connections at its next round, within a minute, which no counter "
     "shows.",
     "look for table-nearly-full and at the kernel's log; raise net.netfilter.nf_conntrack_max, or give the "
     "node memory"},
    {&CounterEvidence::early_drop, "early_drop", "entries-evicted", Severity::kError, Severity::kWarning,
     "The table was full, and flows that were not answered yet were forgotten to make room.",
     "raise net.netfilter.nf_conntrack_max, or conntrack.min in the configuration"},
    {&CounterEvidence::insert_failed, "insert_failed", "insert-failed", Severity::kError, Severity::kWarning,
     "Each is a packet that was dropped because another flow had the same addresses first: two DNS queries "
     "of "
     "one socket, which then waits for seconds, or clients behind one address.",
     "DNS: options single-request-reopen in resolv.conf, or a DNS cache on the node; masqueraded clients: "
     "more addresses to hide behind"},
    {&CounterEvidence::chain_too_long, "chaintoolong", "chain-too-long", Severity::kError, Severity::kWarning,
     "A new connection was refused because its chain of the hash table was too long.",
     "as root on the node: write as many buckets as nf_conntrack_max into "
     "/sys/module/nf_conntrack/parameters/hashsize"},
    {&CounterEvidence::clash_resolve, "clash_resolve", "races-resolved", Severity::kInfo, Severity::kInfo,
     "Two packets of one socket raced for an entry, and the kernel kept both: harmless here, a lost packet "
     "on "
     "kernels and with rules where it does not.",
     "nothing is needed while insert_failed and drop stay; DNS clients avoid it by options "
     "single-request-reopen in resolv.conf"},
};

void check_counter(const CounterFinding& known, const Evidence& evidence, std::vector<Finding>& findings) {
    const auto& total = evidence.total.*known.counter;
    const auto& grown = evidence.grown.*known.counter;
    if (total.value_or(0) == 0 && grown.value_or(0) == 0) return;
    std::string seen(known.counter_name);
    if (total) seen += fmt::format(" is {}", *total);
    if (grown)
        seen +=
            fmt::format("{} grew by {} within {} s", total ? ", and" : "", *grown, evidence.watched.count());
    findings.push_back({known.name, grown.value_or(0) > 0 ? known.growing : known.otherwise, std::move(seen),
                        known.why, std::string(known.cure)});
}

/// What was in the log within this time is of now.
constexpr std::chrono::hours kRecently{1};

void check_table_full(const Evidence& evidence, std::vector<Finding>& findings) {
    const auto& log = *evidence.kernel_log;
    if (log.table_full == 0) return;
    std::string seen = fmt::format("\"nf_conntrack: table full, dropping packet\" {} times", log.table_full);
    if (log.suppressed > 0)
        seen += fmt::format(", and up to {} times more that were not written", log.suppressed);
    bool recent = false;
    if (log.last_table_full && evidence.uptime && *evidence.uptime >= *log.last_table_full) {
        const auto age =
            std::chrono::duration_cast<std::chrono::minutes>(*evidence.uptime - *log.last_table_full);
        seen += fmt::format(", last {} min ago", age.count());
        recent = age < kRecently;
    }
    findings.push_back(
        {"log-table-full", recent ? Severity::kError : Severity::kWarning, std::move(seen),
         "The kernel dropped packets of new connections, and says so for a few of them only.",
         "fairlead conntrack top shows who fills the table; raise net.netfilter.nf_conntrack_max, or "
         "conntrack.min in the configuration"});
}

}  // namespace

void check_counters(const Evidence& evidence, std::vector<Finding>& findings) {
    for (const auto& known : kCounterFindings)
        check_counter(known, evidence, findings);
}

void check_kernel_log(const Evidence& evidence, std::vector<Finding>& findings) {
    if (!evidence.kernel_log) return;
    const auto& log = *evidence.kernel_log;
    check_table_full(evidence, findings);
    if (log.table_full_elsewhere > 0)
        findings.push_back(
            {"log-table-full-elsewhere", Severity::kInfo,
             fmt::format("\"nf_conntrack: table full\" {} times in other network namespaces of this machine",
                         log.table_full_elsewhere),
             "A Pod or container with connection tracking of its own has filled its table; the limit is one "
             "for all.",
             "raise net.netfilter.nf_conntrack_max in the initial network namespace"});
    if (log.expectations_full > 0)
        findings.push_back(
            {"log-expectations-full", Severity::kWarning,
             fmt::format("\"nf_conntrack: expectation table full\" {} times", log.expectations_full),
             "Protocols that open a second connection, such as FTP and SIP, fail through this node.",
             "as root on the node: sysctl -w net.netfilter.nf_conntrack_expect_max=4096, or more than it "
             "is"});
    if (log.vmalloc > 0)
        findings.push_back(
            {"log-vmalloc", Severity::kInfo, "\"nf_conntrack: falling back to vmalloc\"",
             "The hash table is so large that it found no contiguous memory: lookups are a little slower.",
             "fewer buckets, or setting their number when the machine starts (module option "
             "nf_conntrack hashsize)"});
}

void check_invalid(const Evidence& evidence, std::vector<Finding>& findings) {
    const bool guard_off = evidence.guard && evidence.guard->mode == "off";
    if (evidence.guard && evidence.guard->from_endpoints.value_or(0) > 0)
        findings.push_back(
            {"invalid-from-endpoints", guard_off ? Severity::kError : Severity::kInfo,
             fmt::format("{} packets in state INVALID came from endpoints of Services; conntrack.guard "
                         "is {}",
                         *evidence.guard->from_endpoints, evidence.guard->mode),
             "Such a packet reaches the client untranslated, and the client answers with a reset that ends a "
             "healthy connection, unless the guard drops it.",
             guard_off
                 ? "conntrack.guard: endpoints in the configuration"
                 : "nothing: the guard drops them; many of them mean a lossy network, or asymmetric routes"});
    const bool wanted = evidence.guard && evidence.guard->mode == "liberal";
    if (evidence.liberal == true && !wanted)
        findings.push_back(
            {"liberal-mode", Severity::kInfo, "nf_conntrack_tcp_be_liberal is 1",
             "Packets outside the TCP window count as valid: it hides a lossy network or asymmetric routes, "
             "and resets that somebody forges are passed on.",
             "let conntrack.guard: endpoints do the work, and as root on the node: sysctl -w "
             "net.netfilter.nf_conntrack_tcp_be_liberal=0"});
}

}  // namespace fairlead::conntrack
