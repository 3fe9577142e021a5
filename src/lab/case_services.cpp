#include "lab/case_services.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "lab/finished_command.h"
#include "lab/guarded.h"
#include "lab/plot.h"
#include "lab/services_contest.h"
#include "lab/state.h"
#include "lab/terminal.h"
#include "net/files.h"

namespace fairlead::lab {

namespace {

using base::Result;

constexpr std::array<std::size_t, 4> kSizes = {1'000, 2'500, 5'000, 10'000};
constexpr std::size_t kSamples = 3'000;
constexpr std::size_t kChanges = 5;

/// What was measured of one contestant.
struct Figures {
    std::string name;
    Percentiles direct;
    std::vector<Percentiles> last;  // by kSizes: through the last Service
    Percentiles middle;             // at the largest size
    ChangeCost all;                 // the largest size, written whole
    ChangeCost one;                 // medians
};

std::string cpu_model() {
    const auto text = net::read_file("/proc/cpuinfo").value_or("");
    const auto line = text.find("model name");
    if (line == std::string::npos) return "unknown processor";
    const auto begin = text.find(':', line) + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
}

Result<std::string> iptables_version(const std::string& node_netns) {
    const auto log = StatePaths{kCaseLab}.logs + "/version";
    FAIRLEAD_TRY(const auto finished, run_command({node_netns, {"iptables-restore", "--version"}, ""}, log));
    if (finished.seconds < 0) return std::string{};
    auto text = net::read_file(log).value_or("");
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

Result<ChangeCost> median_change(Contestant& contestant) {
    std::vector<double> seconds;
    std::vector<double> end_to_end;
    ChangeCost cost;
    for (std::size_t i = 0; i < kChanges; ++i) {
        FAIRLEAD_TRY(cost, contestant.change_one());
        seconds.push_back(cost.seconds);
        end_to_end.push_back(cost.end_to_end_seconds);
    }
    cost.seconds = percentiles_of(seconds).p50;
    cost.end_to_end_seconds = percentiles_of(end_to_end).p50;
    return cost;
}

Result<void> measure_size(std::size_t size, Contestant& contestant, Figures& figures, const Style& style) {
    FAIRLEAD_TRY(figures.all, contestant.program(size));
    FAIRLEAD_TRY(const auto last, contestant.connect_to_service(size - 1, kSamples));
    figures.last.push_back(last);
    say(fmt::format("  {:>6} Services, {:8}  there after {:>8}, connect p50 {:>8}", format_count(size),
                    figures.name, format_seconds(figures.all.end_to_end_seconds, style),
                    format_seconds(last.p50, style)));
    return {};
}

Result<void> finish(Contestant& contestant, Figures& figures) {
    FAIRLEAD_TRY(figures.middle, contestant.connect_to_service(kSizes.back() / 2, kSamples));
    FAIRLEAD_TRY(figures.direct, contestant.connect_directly(kSamples));
    FAIRLEAD_TRY(figures.one, median_change(contestant));
    return {};
}

std::string times(double before, double after, const Style& style) {
    const double ratio = before / after;
    const auto text = ratio < 9.95 ? fmt::format("{:.1f} x", ratio) : fmt::format("{:.0f} x", ratio);
    return ratio >= 1.5 ? coloured(style, kGreen, text) : text;
}

std::string mebibytes(std::uint64_t bytes) {
    constexpr double kMebibyte = 1 << 20;
    return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / kMebibyte);
}

void print_table(const Figures& before, const Figures& after, const Style& style) {
    const auto row = [&](const std::string& what, double a, double b) {
        return std::vector<std::string>{what, format_seconds(a, style), format_seconds(b, style),
                                        times(a, b, style)};
    };
    const auto size = format_count(kSizes.back());
    say("");
    say(bold(style, fmt::format("{} Services x {} endpoints", size, kEndpointsPerService)));
    std::fputs(
        render_table(
            {{"", before.name, after.name, "ratio"},
             row("connect through the last Service, p50", before.last.back().p50, after.last.back().p50),
             row("connect through the last Service, p99", before.last.back().p99, after.last.back().p99),
             row("connect through one in the middle, p50", before.middle.p50, after.middle.p50),
             row("connect without a Service, p50", before.direct.p50, after.direct.p50),
             row("one endpoint changed: programming it", before.one.seconds, after.one.seconds),
             row("one endpoint changed: from file to kernel", before.one.end_to_end_seconds,
                 after.one.end_to_end_seconds),
             {"memory of the program at its peak", mebibytes(before.all.peak_memory_bytes),
              mebibytes(after.all.peak_memory_bytes),
              times(static_cast<double>(before.all.peak_memory_bytes),
                    static_cast<double>(after.all.peak_memory_bytes), style)}})
            .c_str(),
        stdout);
}

void print_plot(const Figures& before, const Figures& after, const Style& style) {
    constexpr std::size_t kWidth = 48;
    std::vector<BarGroup> groups;
    for (std::size_t i = 0; i < kSizes.size(); ++i) {
        const auto bar = [&](const Figures& figures, int colour) {
            const double p50 = figures.last[i].p50;
            return BarGroup::Bar{figures.name, p50, format_seconds(p50, style), colour};
        };
        groups.push_back({format_count(kSizes[i]), {bar(before, kRed), bar(after, kGreen)}});
    }
    say("");
    say(bold(style, "Time of a new connection (p50) by number of Services"));
    std::fputs(render_bars(groups, kWidth, style).c_str(), stdout);
}

void print_reading_of_services() {
    say("");
    say("Why: every new connection, to a Service or not, walks iptables' rules one by one, and every sync "
        "of");
    say("kube-proxy's iptables mode writes a rule per Service again. fairlead looks into three hash tables,");
    say("and writes the elements that changed.");
    say("From file to kernel the agent waits 50 ms for files to settle; with an API server it does not.");
    say("Is it yours? On a node:  iptables-save -t nat | grep -c '^-A KUBE-SERVICES'");
    say("and the metric kubeproxy_sync_proxy_rules_duration_seconds of kube-proxy. Thousands, and tenths of "
        "a");
    say("second: it is.");
}

Result<void> announce(const std::string& iptables_netns, const Style& style) {
    FAIRLEAD_TRY(const auto version, iptables_version(iptables_netns));
    utsname system{};
    uname(&system);
    say(bold(style, "Case services: connections and updates slow down as Services grow in number"));
    say(fmt::format("kernel {}, {} x {}, {}", system.release, sysconf(_SC_NPROCESSORS_ONLN), cpu_model(),
                    version));
    say("two equal nodes in network namespaces, a client Pod and a server Pod behind each");
    return {};
}

Result<void> measure(Contestant& iptables, Figures& before, Contestant& fairlead, Figures& after,
                     const Style& style) {
    for (const auto size : kSizes) {
        FAIRLEAD_CHECK(measure_size(size, iptables, before, style));
        FAIRLEAD_CHECK(measure_size(size, fairlead, after, style));
    }
    FAIRLEAD_CHECK(finish(iptables, before));
    return finish(fairlead, after);
}

Result<void> measure_and_print() {
    const auto started = std::chrono::steady_clock::now();
    const auto style = style_of_stdout();
    FAIRLEAD_CHECK(make_directories(StatePaths{kCaseLab}));
    Network network{kCaseLab};
    const auto iptables = make_iptables_contestant(kCaseLab);
    const auto fairlead = make_fairlead_contestant(kCaseLab);
    FAIRLEAD_CHECK(network.build({iptables->name(), fairlead->name()}));
    FAIRLEAD_CHECK(announce(machine_namespace(kCaseLab, iptables->name()), style));
    FAIRLEAD_CHECK(iptables->set_up(network, 1));
    FAIRLEAD_CHECK(fairlead->set_up(network, 2));
    Figures before{"iptables", {}, {}, {}, {}, {}};
    Figures after{"fairlead", {}, {}, {}, {}, {}};
    FAIRLEAD_CHECK(measure(*iptables, before, *fairlead, after, style));
    print_table(before, after, style);
    print_plot(before, after, style);
    print_reading_of_services();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    say(fmt::format("{:.0f} s; all of it is removed again.", seconds.count()));
    return {};
}

}  // namespace

Result<void> run_services_case() {
    FAIRLEAD_TRY(const auto claim, Claim::take(kCaseLab));
    FAIRLEAD_CHECK(clear_lab(kCaseLab));
    return run_guarded(kCaseLab, measure_and_print, [] { return remove_lab(kCaseLab); });
}

}  // namespace fairlead::lab
