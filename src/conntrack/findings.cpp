#include "conntrack/findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "conntrack/finding_checks.h"

namespace fairlead::conntrack {

namespace {

constexpr std::uint64_t kWarningPercent = 75;
constexpr std::uint64_t kErrorPercent = 90;
/// So many entries a bucket as kube-proxy's sizes give: chains of 8, since an entry is hashed twice.
constexpr std::uint64_t kMostEntriesPerBucket = 4;
/// Of fewer entries a share says nothing.
constexpr std::uint64_t kFewEntries = 1'000;
constexpr std::uint64_t kUnrepliedPercent = 50;
/// Kernels before this one call an overly delayed segment INVALID.
constexpr KernelVersion kTakesDelayedSegments{6, 1};

std::uint64_t percent(std::uint64_t part, std::uint64_t whole) {
    constexpr double kHundred = 100;
    return static_cast<std::uint64_t>(kHundred * static_cast<double>(part) / static_cast<double>(whole));
}

/// Over UDP the agent deletes them within a second, so that what is seen has stayed.
Finding lead_nowhere(const NowhereEvidence& nowhere, std::uint64_t looked_at) {
    std::string seen =
        fmt::format("{} of {} entries go to a Service, but to none of its live endpoints, {} over UDP",
                    nowhere.entries, looked_at, nowhere.over_udp);
    for (const auto& service : nowhere.worst)
        seen += fmt::format("{}{} {}", &service == &nowhere.worst.front() ? "; most: " : ", ", service.name,
                            service.entries);
    return {
        "entries-lead-nowhere", nowhere.over_udp > 0 ? Severity::kWarning : Severity::kInfo, std::move(seen),
        "Over UDP such a client sends to nobody for as long as it goes on sending; a TCP connection ends by "
        "itself, or hangs until its client gives up.",
        nowhere.over_udp > 0
            ? "the agent deletes UDP flows by itself: if these stay, its log says why (stale flows). By "
              "hand: "
              "fairlead conntrack delete --stale --protocol udp"
            : "fairlead conntrack get --stale shows them; the annotation fairlead.io/reset-connections: "
              "endpoint-removed ends those of a Service"};
}

}  // namespace

std::string_view name_of(Severity severity) {
    constexpr std::string_view kNames[] = {"info", "warning", "error"};
    return kNames[static_cast<std::size_t>(severity)];
}

void check_fill(const Evidence& evidence, std::vector<Finding>& findings) {
    if (!evidence.entries || evidence.max.value_or(0) == 0) return;
    const auto full = percent(*evidence.entries, *evidence.max);
    if (full < kWarningPercent) return;
    findings.push_back(
        {"table-nearly-full", full < kErrorPercent ? Severity::kWarning : Severity::kError,
         fmt::format("{} of {} entries are in use ({} %)", *evidence.entries, *evidence.max, full),
         "A full table drops the first packet of every new connection through the node, health probes too.",
         fmt::format(
             "fairlead conntrack top shows who fills it; room for more, as root on the node: sysctl -w "
             "net.netfilter.nf_conntrack_max={} (an entry takes about 300 bytes of the kernel's "
             "memory), or conntrack.min in the configuration",
             2 * *evidence.max)});
}

void check_buckets(const Evidence& evidence, std::vector<Finding>& findings) {
    if (evidence.buckets.value_or(0) == 0) return;
    const auto buckets = *evidence.buckets;
    constexpr std::string_view kWhy =
        "Every packet walks a chain of the hash table, and long chains cost each of them processor time.";
    const auto cure = [](std::uint64_t wanted) {
        return fmt::format("as root on the node: echo {} > /sys/module/nf_conntrack/parameters/hashsize",
                           wanted);
    };
    if (evidence.entries && *evidence.entries > buckets)
        findings.push_back(
            {"chains-long", Severity::kWarning,
             fmt::format("{} entries in {} buckets: chains of {:.1f} on average, each entry "
                         "being in two",
                         *evidence.entries, buckets,
                         2 * static_cast<double>(*evidence.entries) / static_cast<double>(buckets)),
             kWhy, cure(std::max(*evidence.entries, evidence.max.value_or(0)))});
    if (evidence.max && *evidence.max / kMostEntriesPerBucket > buckets)
        findings.push_back({"buckets-too-few", Severity::kWarning,
                            fmt::format("{} buckets for up to {} entries", buckets, *evidence.max), kWhy,
                            cure(*evidence.max)});
}

void check_entries(const Evidence& evidence, std::vector<Finding>& findings) {
    if (!evidence.in_table) return;
    const auto& [looked_at, unreplied, nowhere] = *evidence.in_table;
    if (looked_at >= kFewEntries && percent(unreplied, looked_at) >= kUnrepliedPercent)
        findings.push_back(
            {"many-unreplied", Severity::kWarning,
             fmt::format("{} of {} entries have seen no answer ({} %)", unreplied, looked_at,
                         percent(unreplied, looked_at)),
             "A scan, a flood, or clients of something that is gone fill the table with what leads nowhere.",
             "fairlead conntrack top shows who opens them and to whom"});
    if (nowhere && nowhere->entries > 0) findings.push_back(lead_nowhere(*nowhere, looked_at));
}

void check_settings(const Evidence& evidence, std::vector<Finding>& findings) {
    if (evidence.accounting == false)
        findings.push_back({"accounting-off", Severity::kInfo, "nf_conntrack_acct is 0",
                            "Without it nobody can say how many packets and bytes a flow has had.",
                            "as root on the node: sysctl -w net.netfilter.nf_conntrack_acct=1 (new flows are "
                            "counted from then on; some nanoseconds a packet)"});
    if (evidence.kernel && *evidence.kernel < kTakesDelayedSegments)
        findings.push_back(
            {"kernel-delayed-segments", Severity::kWarning,
             fmt::format("kernel {}.{}", evidence.kernel->major, evidence.kernel->minor),
             "Kernels before 6.1 call a TCP segment that is very late INVALID, and that resets the "
             "connection of the client that gets it untranslated.",
             "keep conntrack.guard at endpoints; a newer kernel does not need it for this"});
    for (const auto& value : evidence.rewritten)
        findings.push_back(
            {"value-rewritten", Severity::kWarning,
             fmt::format("{} is {}, not {} as it was written{}", value.name, value.found, value.wanted,
                         evidence.kube_proxy_runs ? "; kube-proxy runs on this node" : ""),
             "Two programs that write the same value take turns, and what holds is a matter of chance.",
             "let one of them alone set it: take the conntrack settings out of the one (kube-proxy: "
             "conntrack.maxPerCore: 0, conntrack.min: 0, timeouts 0s), or out of fairlead's configuration"});
}

std::vector<Finding> find_problems(const Evidence& evidence) {
    std::vector<Finding> findings;
    for (const auto check : {check_fill, check_kernel_log, check_counters, check_invalid, check_entries,
                             check_buckets, check_timeouts, check_settings})
        check(evidence, findings);
    std::ranges::stable_sort(findings, std::ranges::greater{}, &Finding::severity);
    return findings;
}

}  // namespace fairlead::conntrack
