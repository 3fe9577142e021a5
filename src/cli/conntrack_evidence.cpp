#include "cli/conntrack_evidence.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <map>
#include <thread>

#include "cli/agent_client.h"
#include "cli/flow_names.h"
#include "conntrack/entry_evidence.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "net/files.h"
#include "net/kernel_log.h"
#include "net/running_programs.h"

namespace fairlead::cli {

namespace {

using base::Result;
using conntrack::CounterEvidence;
using conntrack::Evidence;
using kernel::conntrack::CpuStats;
using kernel::conntrack::NetlinkConntrackTable;

struct EvidenceCounter {
    std::optional<std::uint64_t> CounterEvidence::* counter;
    std::optional<std::uint32_t> CpuStats::* of_cpu;
};
constexpr EvidenceCounter kCounters[] = {
    {&CounterEvidence::insert_failed, &CpuStats::insert_failed},
    {&CounterEvidence::drop, &CpuStats::drop},
    {&CounterEvidence::early_drop, &CpuStats::early_drop},
    {&CounterEvidence::clash_resolve, &CpuStats::clash_resolve},
    {&CounterEvidence::chain_too_long, &CpuStats::chain_too_long},
};

std::optional<std::uint64_t> number_in(const std::string& file) {
    const auto text = net::read_file(file);
    std::uint64_t value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{})
        return std::nullopt;
    return value;
}

std::optional<std::uint64_t> sysctl(std::string_view name) {
    return number_in("/proc/sys/net/" + std::string(name));
}

std::optional<std::chrono::seconds> seconds_of(std::string_view name) {
    const auto value = sysctl(name);
    constexpr std::uint64_t kLargestSysctl = INT32_MAX;
    if (!value || *value > kLargestSysctl) return std::nullopt;
    return std::chrono::seconds(*value);
}

std::optional<bool> switch_of(std::string_view name) {
    const auto value = sysctl(name);
    return value ? std::optional{*value != 0} : std::nullopt;
}

CounterEvidence sums_of(const std::vector<CpuStats>& stats) {
    const std::vector<CpuStats> nothing;
    return growth_between(nothing, stats);
}

/// What connection tracking is set to, by the names that findings use.
std::map<std::string, std::uint64_t> settings() {
    std::map<std::string, std::uint64_t> values;
    for (const std::string name :
         {"nf_conntrack_max", "nf_conntrack_buckets", "nf_conntrack_tcp_be_liberal",
          "nf_conntrack_tcp_timeout_established", "nf_conntrack_tcp_timeout_close_wait",
          "nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"})
        if (const auto value = sysctl("netfilter/" + name)) values[name] = *value;
    return values;
}

void read_settings(Evidence& evidence) {
    evidence.buckets = sysctl("netfilter/nf_conntrack_buckets");
    evidence.accounting = switch_of("netfilter/nf_conntrack_acct");
    evidence.liberal = switch_of("netfilter/nf_conntrack_tcp_be_liberal");
    auto& timeouts = evidence.timeouts;
    timeouts.tcp_established = seconds_of("netfilter/nf_conntrack_tcp_timeout_established");
    timeouts.tcp_close_wait = seconds_of("netfilter/nf_conntrack_tcp_timeout_close_wait");
    timeouts.udp = seconds_of("netfilter/nf_conntrack_udp_timeout");
    timeouts.udp_stream = seconds_of("netfilter/nf_conntrack_udp_timeout_stream");
    timeouts.tcp_keepalive = seconds_of("ipv4/tcp_keepalive_time");
}

Result<void> count_entries(NetlinkConntrackTable& table, Evidence& evidence) {
    FAIRLEAD_TRY(evidence.entries, table.count());
    FAIRLEAD_TRY(evidence.max, table.max());
    return {};
}

/// With no filter: the kernel would walk on until something matches, and hold up packets meanwhile.
Result<void> look_at_entries(NetlinkConntrackTable& table, const std::optional<conntrack::FlowNames>& names,
                             Evidence& evidence) {
    conntrack::EntryCounter counter{names ? &*names : nullptr};
    const auto looked = table.visit_while({}, [&](const kernel::conntrack::Flow& flow) {
        counter.take(flow);
        return counter.taken() < kMostEntriesLookedAt;
    });
    if (!looked) return std::unexpected(looked.error());
    evidence.in_table = counter.evidence();
    return {};
}

/// Counters and settings, twice.
Result<void> watch(NetlinkConntrackTable& table, std::chrono::seconds watched, Evidence& evidence) {
    const auto wanted = settings();
    FAIRLEAD_TRY(const auto before, table.stats());
    std::this_thread::sleep_for(watched);
    FAIRLEAD_TRY(const auto after, table.stats());
    evidence.watched = watched;
    evidence.total = sums_of(after);
    evidence.grown = growth_between(before, after);
    for (const auto& [name, found] : settings())
        if (const auto known = wanted.find(name); known != wanted.end() && known->second != found)
            evidence.rewritten.push_back({name, known->second, found});
    return {};
}

Result<void> read_log(Evidence& evidence) {
    conntrack::KernelLogCounter counter{net::network_namespace_number()};
    FAIRLEAD_CHECK(net::read_kernel_log([&](std::string_view record) { counter.take(record); }));
    evidence.kernel_log = counter.summary();
    if (const auto uptime = number_in("/proc/uptime")) evidence.uptime = std::chrono::seconds(*uptime);
    return {};
}

/// Names are those of the Services that the agent serves.
Result<void> ask_agent(const base::SocketAddress& agent, Evidence& evidence,
                       std::optional<conntrack::FlowNames>& names) {
    if (evidence.entries && evidence.max.value_or(0) != 0 && *evidence.entries >= *evidence.max)
        return base::fail(base::ErrorCode::kUnavailable,
                          "not asked, the table has no room for a connection to it");
    FAIRLEAD_TRY(const auto page, fetch_page(agent, "/status"));
    FAIRLEAD_TRY(names, fetch_flow_names(agent));
    evidence.guard = guard_evidence(page.body);
    if (!evidence.guard) return base::fail(base::ErrorCode::kNotFound, "it does not tell");
    return {};
}

}  // namespace

CounterEvidence growth_between(const std::vector<CpuStats>& before, const std::vector<CpuStats>& after) {
    CounterEvidence growth;
    for (const auto& [counter, of_cpu] : kCounters) {
        std::uint64_t sum = 0;
        bool known = !after.empty();
        for (const auto& cpu : after) {
            std::uint32_t earlier = 0;
            for (const auto& same : before)
                if (same.cpu == cpu.cpu) earlier = (same.*of_cpu).value_or(0);
            known = known && cpu.*of_cpu;
            sum += static_cast<std::uint32_t>((cpu.*of_cpu).value_or(0) - earlier);
        }
        if (known) growth.*counter = sum;
    }
    return growth;
}

std::optional<conntrack::KernelVersion> parse_kernel_version(std::string_view release) {
    conntrack::KernelVersion version;
    const auto major = std::from_chars(release.data(), release.data() + release.size(), version.major);
    const auto* const end = release.data() + release.size();
    if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
    if (std::from_chars(major.ptr + 1, end, version.minor).ec != std::errc{}) return std::nullopt;
    return version;
}

std::optional<conntrack::GuardEvidence> guard_evidence(const std::string& status_page) {
    simdjson::dom::parser parser;
    simdjson::dom::element guard;
    std::string_view mode;
    if (parser.parse(status_page)["conntrackGuard"].get(guard) || guard["mode"].get(mode))
        return std::nullopt;
    conntrack::GuardEvidence evidence{std::string(mode), {}};
    std::uint64_t packets = 0;
    // Nobody counts what nobody drops.
    const bool counts = mode == "endpoints" || mode == "all";
    if (counts && guard["droppedPackets"].get(packets) == simdjson::SUCCESS)
        evidence.from_endpoints = packets;
    return evidence;
}

ConntrackEvidence gather_conntrack_evidence(const base::SocketAddress& agent, std::chrono::seconds watched) {
    ConntrackEvidence gathered;
    auto& [evidence, unknown] = gathered;
    const auto note = [&unknown](std::string_view what, const Result<void>& outcome) {
        if (outcome) return;
        // An error for people may have a second line with advice.
        const auto& why = outcome.error().message;
        unknown.push_back(fmt::format("{}: {}", what, why.substr(0, why.find('\n'))));
    };
    auto table = NetlinkConntrackTable::open();
    if (table) {
        note("number of entries", count_entries(*table, evidence));
        note("counters", watch(*table, watched, evidence));
    } else {
        note("connection tracking", std::unexpected(table.error()));
    }
    read_settings(evidence);
    note("kernel log", read_log(evidence));
    std::optional<conntrack::FlowNames> names;
    note("agent", ask_agent(agent, evidence, names));
    if (table) note("entries", look_at_entries(*table, names, evidence));
    evidence.kernel = parse_kernel_version(net::read_file("/proc/sys/kernel/osrelease").value_or(""));
    const auto running = net::running_programs("kube-proxy");
    evidence.kube_proxy_runs = running && !running->empty();
    return gathered;
}

}  // namespace fairlead::cli
