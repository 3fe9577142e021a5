#include "lab/case_conntrack.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/families.h"
#include "lab/conntrack_parts.h"
#include "lab/guarded.h"
#include "lab/plot.h"
#include "lab/state.h"
#include "lab/terminal.h"
#include "lab/up.h"

namespace fairlead::lab {

namespace {

using base::Family;
using base::Result;

constexpr const char* kCloseWait = "net/netfilter/nf_conntrack_tcp_timeout_close_wait";
constexpr const char* kLoose = "net/netfilter/nf_conntrack_tcp_loose";

std::string judged(const Transfer& transfer, const Style& style) {
    const bool well = transfer.end == Transfer::End::kComplete;
    return coloured(style, well ? kGreen : kRed, describe(transfer));
}

/// Runs a reproduction on both nodes and prints its rows of a table.
Result<std::vector<std::string>> window_rows(const ConntrackStage& stage, Family family,
                                             DisturbedTransfer& result, const Style& style) {
    FAIRLEAD_TRY(result, send_segment_above_window(stage, family));
    return std::vector<std::string>{judged(result.transfer, style), format_count(result.counts.invalid),
                                    format_count(result.counts.dropped_by_guard),
                                    format_count(count_resets(result.seen))};
}

void print_trace(const std::string& title, const DisturbedTransfer& result, std::size_t most,
                 const Style& style) {
    say("");
    say(bold(style, title));
    std::fputs(render_trace(result.seen, result.connection, most, style).c_str(), stdout);
}

Result<void> show_window(const ConntrackStage& off, const ConntrackStage& guarded, const Style& style) {
    constexpr std::size_t kLinesOfReset = 12;
    constexpr std::size_t kLinesOfPeace = 6;
    say("");
    say(bold(style, "1. A segment above the window"));
    say("The client fetches 1 MiB through the Service. In the middle the server's Pod sends a segment of "
        "that");
    say("connection whose sequence number is 10,000,000 too high: what a broken middlebox or a late packet "
        "is.");
    say("conntrack calls it INVALID, and what is INVALID is not translated.");
    std::vector<std::vector<std::string>> rows = {
        {"guard", "what the client saw", "invalid", "dropped by the guard", "RST"}};
    DisturbedTransfer reset;
    DisturbedTransfer peace;
    for (const auto family : base::kFamilies) {
        DisturbedTransfer first;
        DisturbedTransfer second;
        FAIRLEAD_TRY(auto before, window_rows(off, family, first, style));
        FAIRLEAD_TRY(auto after, window_rows(guarded, family, second, style));
        before.insert(before.begin(), fmt::format("off, {}", name_of(family)));
        after.insert(after.begin(), fmt::format("endpoints, {}", name_of(family)));
        rows.push_back(std::move(before));
        rows.push_back(std::move(after));
        if (family != Family::kIpv4) continue;
        reset = std::move(first);
        peace = std::move(second);
    }
    say_table(rows);
    print_trace("Without the guard, at the client's device", reset, kLinesOfReset, style);
    print_trace("With it", peace, kLinesOfPeace, style);
    return {};
}

std::vector<std::string> fin_row(const std::string& what, const DisturbedTransfer& result,
                                 const Style& style) {
    return {what, judged(result.transfer, style), result.transfer.server_was_reset ? "yes" : "no",
            format_count(result.counts.invalid), format_count(result.counts.dropped_by_guard)};
}

Result<void> show_fin(const ConntrackStage& off, const ConntrackStage& guarded, const Style& style) {
    constexpr std::size_t kLines = 12;
    say("");
    say(bold(style, "2. Data after FIN"));
    say("The client asks, says FIN and reads on. The server thinks for 2 s and answers. Meanwhile the node "
        "has");
    say("forgotten the connection: nf_conntrack_tcp_timeout_close_wait, 60 s by default, is 1 s here.");
    FAIRLEAD_TRY(const auto cured, answer_late_after_fin(guarded, Family::kIpv4));
    FAIRLEAD_TRY(const auto reset, answer_late_after_fin(off, Family::kIpv4));
    FAIRLEAD_CHECK(guarded.set_sysctl(kCloseWait, "1"));
    FAIRLEAD_TRY(const auto picked_up, answer_late_after_fin(guarded, Family::kIpv4));
    FAIRLEAD_CHECK(guarded.set_sysctl(kLoose, "0"));
    FAIRLEAD_TRY(const auto strict, answer_late_after_fin(guarded, Family::kIpv4));
    FAIRLEAD_CHECK(guarded.set_sysctl(kLoose, "1"));
    say_table(
        {{"close_wait, guard", "what the client saw", "server was reset", "invalid", "dropped by the guard"},
         fin_row("1 s, off", reset, style),
         fin_row("1 s, endpoints", picked_up, style),
         fin_row("1 s, endpoints, tcp_loose 0", strict, style),
         fin_row("1 h by the agent, endpoints", cured, style)});
    print_trace("1 s, off, at the client's device", reset, kLines, style);
    say("The guard cannot help: without an entry the answer is no INVALID packet but a NEW connection");
    say("(nf_conntrack_tcp_loose). With tcp_loose 0 it is INVALID and dropped, and both sides wait in vain. "
        "The");
    say("cure is to remember: conntrack.tcpCloseWaitTimeout, 1 h as with kube-proxy.");
    return {};
}

Result<void> show_full_table(const ConntrackStage& stage, const Style& style) {
    say("");
    say(bold(style, "3. A full table"));
    const auto full = fill_the_table(stage);
    if (!full && full.error().code == base::ErrorCode::kUnsupported) {
        say("left out: " + full.error().message);
        return {};
    }
    if (!full) return std::unexpected(full.error());
    say(fmt::format("{} entries fill the node's table (net.netfilter.nf_conntrack_max), made in {}.",
                    format_count(full->entries), format_seconds(full->fill_seconds, style)));
    say_table({{"", "what the client saw"},
               {"full: a new connection", judged(full->new_connection, style)},
               {"full: one that was there", judged(full->old_connection, style)},
               {"full: packets in `drop`", format_count(full->counts.dropped)},
               {"full: packets in `invalid`", format_count(full->counts.invalid)},
               {"after the entries are gone: a new one", judged(full->afterwards, style)}});
    say("A full table resets nothing: it drops the first packet of what is new, and the client waits. But up "
        "to");
    say("a minute later the kernel begins to forget connections that are half closed, and they end as in 2.");
    return {};
}

void print_reading_of_conntrack() {
    say("");
    say("Is it yours? On a node:  conntrack -S   looks at invalid, drop, insert_failed;  conntrack -C  "
        "beside");
    say("sysctl net.netfilter.nf_conntrack_max  says how full it is. The guard is on unless conntrack.guard "
        "says");
    say("otherwise, and counts in fairlead_conntrack_invalid_dropped_packets_total.");
    say("Try next: 'fairlead lab up', and docs/conntrack.md for the settings.");
}

void announce(const Style& style) {
    utsname system{};
    uname(&system);
    say(bold(style, "Case conntrack: connections through a Service that end without a reason"));
    say(
        fmt::format("kernel {}; two equal nodes in network namespaces, an agent on each, a client Pod and a "
                    "server Pod",
                    system.release));
    say("behind each; one has conntrack.guard off, the other the default");
}

Result<void> show_all() {
    const auto started = std::chrono::steady_clock::now();
    const auto style = style_of_stdout();
    announce(style);
    FAIRLEAD_CHECK(make_directories(StatePaths{kCaseLab}));
    Network network{kCaseLab};
    FAIRLEAD_CHECK(network.build({"unguarded", "guarded"}));
    ConntrackStage off{kCaseLab, "unguarded", 1};
    ConntrackStage guarded{kCaseLab, "guarded", 2};
    FAIRLEAD_CHECK(off.set_up(network, own_program(),
                              {"--conntrack-guard", "off", "--conntrack-tcp-timeout-close-wait", "1s"}));
    FAIRLEAD_CHECK(
        guarded.set_up(network, own_program(),
                       {"--conntrack-guard", "endpoints", "--conntrack-tcp-timeout-close-wait", "1h"}));
    FAIRLEAD_CHECK(show_window(off, guarded, style));
    FAIRLEAD_CHECK(show_fin(off, guarded, style));
    FAIRLEAD_CHECK(show_full_table(guarded, style));
    print_reading_of_conntrack();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    say(fmt::format("{:.0f} s; all of it is removed again.", seconds.count()));
    return {};
}

}  // namespace

Result<void> run_conntrack_case() {
    FAIRLEAD_TRY(const auto claim, Claim::take(kCaseLab));
    FAIRLEAD_CHECK(clear_lab(kCaseLab));
    return run_guarded(kCaseLab, show_all, [] { return remove_lab(kCaseLab); });
}

}  // namespace fairlead::lab
