#include "lab/case_dns.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "lab/dns_lookups.h"
#include "lab/dns_outage.h"
#include "lab/guarded.h"
#include "lab/plot.h"
#include "lab/state.h"
#include "lab/terminal.h"
#include "lab/up.h"

namespace fairlead::lab {

namespace {

using base::Result;

std::string per_lookup(std::size_t count, const LookupCost& cost) {
    const double each = static_cast<double>(count) / static_cast<double>(cost.lookups);
    return fmt::format("{:.{}f}", each, count % cost.lookups == 0 ? 0 : 2);
}

void announce_dns(const Style& style) {
    utsname system{};
    uname(&system);
    say(bold(style, "Case dns: lookups that take ten queries"));
    say(fmt::format(
        "kernel {}, {} processors; in network namespaces: a client Pod on each of two nodes, whose agents",
        system.release, sysconf(_SC_NPROCESSORS_ONLN)));
    say("differ in dns.mode (off, intercept); the cluster DNS on a third node behind the Service");
    say("kube-system/kube-dns: no CoreDNS but a fairlead in mode bind with searchCollapse off, so that both "
        "are");
    say("of one speed; a DNS server outside that knows example.com.");
    say("");
}

void announce_resolver(const ResolverOptions& resolver) {
    std::string domains;
    for (const auto& domain : resolver.walk.search)
        domains += " " + domain.to_string().substr(0, domain.to_string().size() - 1);
    say("Both Pods have kubelet's resolv.conf:");
    say("  search" + domains);
    say("  options ndots:" + std::to_string(resolver.walk.ndots));
    say("and look names up as glibc does: A and AAAA at once, one search domain after another.");
}

void print_lookups(const std::vector<LookupCosts>& costs, const Style& style) {
    std::vector<std::vector<std::string>> rows = {
        {"LOOKUP OF", "CLUSTER DNS: PACKETS", "p50", "p99", "FAIRLEAD: PACKETS", "p50", "p99"}};
    std::size_t lookups = 0;
    std::size_t plain = 0;
    std::size_t fairlead = 0;
    for (const auto& one : costs) {
        rows.push_back(
            {one.kind.what, per_lookup(one.plain.packets, one.plain),
             format_seconds(one.plain.seconds.p50, style), format_seconds(one.plain.seconds.p99, style),
             per_lookup(one.fairlead.packets, one.fairlead), format_seconds(one.fairlead.seconds.p50, style),
             format_seconds(one.fairlead.seconds.p99, style)});
        lookups += one.plain.lookups;
        plain += one.plain.queries_at_cluster_dns;
        fairlead += one.fairlead.queries_at_cluster_dns;
    }
    say("");
    say(bold(style, "1. A lookup, all its packets at the Pod's device"));
    say_table(rows);
    say(fmt::format(
        "Of {} lookups by each way the cluster DNS got {} queries from the one Pod, {} from the other.",
        format_count(lookups), format_count(plain), format_count(fairlead)));
}

void print_lookup_times(const std::vector<LookupCosts>& costs, const Style& style) {
    constexpr std::size_t kWidth = 40;
    std::vector<BarGroup> groups;
    for (const auto& one : costs) {
        const auto bar = [&](const char* label, const LookupCost& cost, int colour) {
            return BarGroup::Bar{label, cost.seconds.p50, format_seconds(cost.seconds.p50, style), colour};
        };
        groups.push_back(
            {one.kind.what, {bar("cluster DNS", one.plain, kRed), bar("fairlead", one.fairlead, kGreen)}});
    }
    say("");
    say(bold(style, "Time of a lookup (p50)"));
    std::fputs(render_bars(groups, kWidth, style).c_str(), stdout);
}

std::vector<std::string> outage_row(const std::string& what, const OutagePhase& phase, const Style& style) {
    const auto& lookups = phase.lookups;
    const auto rate = [&](std::size_t count) {
        return format_count(static_cast<std::size_t>(static_cast<double>(count) / phase.seconds));
    };
    return {what,
            rate(lookups.lookups),
            rate(lookups.queries),
            rate(phase.queries_at_cluster_dns),
            format_count(lookups.at_first_try),
            format_count(lookups.after_one_retry),
            format_count(lookups.unanswered),
            format_seconds(lookups.slowest_seconds, style)};
}

void print_outage(const Outage& outage, const Style& style) {
    say("");
    say(bold(style, "2. kill -9 of the agent under load"));
    say(fmt::format(
        "{} programs in the Pod look all these names up, each as fast as it can, at most 1,000 in a",
        DnsLoad::kThreads));
    say("second. A question that is not answered within 1 s is asked once more (resolv.conf's default is 5 "
        "s).");
    say_table({{"AGENT", "LOOKUPS/s", "QUERIES/s", "AT CLUSTER DNS/s", "AT FIRST TRY", "AFTER ONE RETRY",
                "FAILED", "SLOWEST"},
               outage_row("lives", outage.before, style),
               outage_row("killed", outage.killed, style),
               outage_row("started again", outage.restarted, style),
               outage_row("collapses again", outage.recovered, style)});
}

void print_reading_of_dns() {
    say("");
    say("Why: a name with fewer than five dots is tried in each search domain first. The node knows the Pod, "
        "its");
    say("domains and what is in them, and answers the first query with what is at the end of the walk. Where "
        "a domain");
    say("on the way has the name, or nothing has, the client walks; but on its own node.");
    say("A query goes to the node's server only while that has a socket and a heartbeat, else to the "
        "Service, as it");
    say("would without fairlead. After a start nothing is collapsed for 5 s: walks that began with the "
        "cluster DNS");
    say("end first.");
    say("Is it yours? On a node:  fairlead dns top  with dns.searchCollapse: count.");
    say("Try next: docs/dns.md for how to switch it on.");
}

Result<void> measure_and_print_dns() {
    const auto started = std::chrono::steady_clock::now();
    const auto style = style_of_stdout();
    announce_dns(style);
    FAIRLEAD_CHECK(make_directories(StatePaths{kCaseLab}));
    DnsStage stage{kCaseLab, own_program()};
    FAIRLEAD_CHECK(stage.set_up());
    announce_resolver(stage.resolver());
    FAIRLEAD_TRY(const auto costs, measure_lookups(stage));
    print_lookups(costs, style);
    print_lookup_times(costs, style);
    FAIRLEAD_TRY(const auto outage, kill_under_load(stage));
    print_outage(outage, style);
    print_reading_of_dns();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    say(fmt::format("{:.0f} s; all of it is removed again.", seconds.count()));
    return {};
}

}  // namespace

Result<void> run_dns_case() {
    FAIRLEAD_TRY(const auto claim, Claim::take(kCaseLab));
    FAIRLEAD_CHECK(clear_lab(kCaseLab));
    return run_guarded(kCaseLab, measure_and_print_dns, [] { return remove_lab(kCaseLab); });
}

}  // namespace fairlead::lab
