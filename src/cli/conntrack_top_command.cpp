#include "cli/conntrack_top_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/bounded_reading.h"
#include "cli/conntrack_output.h"
#include "cli/conntrack_usage_view.h"
#include "cli/flow_names.h"
#include "cli/report_options.h"
#include "kernel/conntrack/netlink_conntrack_table.h"

namespace fairlead::cli {

namespace {

using base::Result;

constexpr std::size_t kFewRows = 5;
constexpr std::size_t kRows = 10;

struct ConntrackTopArguments {
    std::string part;
    bool all = false;
    ReportOptions report;
};

std::vector<UsagePart> parts_of(const ConntrackTopArguments& arguments) {
    if (const auto part = parse_usage_part(arguments.part)) return {*part};
    return {UsagePart::kServices, UsagePart::kPods, UsagePart::kPeers, UsagePart::kStates};
}

Result<UsageView> read_usage(const ConntrackTopArguments& arguments, const base::SocketAddress& agent,
                             std::size_t rows) {
    FAIRLEAD_TRY(auto table, kernel::conntrack::NetlinkConntrackTable::open());
    const auto names = names_or_none(agent);
    UsageView view;
    FAIRLEAD_TRY(view.flows, table.count());
    FAIRLEAD_TRY(view.most, table.max());
    conntrack::UsageCounter counter{names};
    const auto time = arguments.all ? base::Duration::max() : kReadingTime;
    FAIRLEAD_TRY(view.whole, visit_for(table, time, [&](const auto& flow) { counter.take(flow); }));
    view.usage = counter.usage(rows);
    if (view.whole) view.flows = view.usage.total.flows;  // it may have changed meanwhile
    return view;
}

Result<void> run(const ConntrackTopArguments& arguments, const base::SocketAddress& agent) {
    const auto parts = parts_of(arguments);
    const auto few = parts.size() > 1 ? kFewRows : kRows;
    const auto rows = arguments.report.rows;
    FAIRLEAD_TRY(const auto view, read_usage(arguments, agent, rows == 0 ? few : rows));
    return print_report(
        arguments.report, [&](bool wide) { return usage_text(view, parts, wide); },
        [&] { return usage_json(view, parts); });
}

}  // namespace

void add_conntrack_top(CLI::App& conntrack, int& exit_status) {
    auto* command = conntrack.add_subcommand("top", "Show who fills the table of tracked connections");
    auto arguments = std::make_shared<ConntrackTopArguments>();
    command->add_option("part", arguments->part, "services, pods, peers or states")
        ->type_name("PART")
        ->check(CLI::IsMember({"services", "pods", "peers", "states"}).description(""));
    command->add_flag("--all", arguments->all, "read the whole table, however long it takes, not a sample");
    add_report_options(*command, arguments->report, "-n,--number",
                       "so many lines of each; 10, or 5 where all are shown");
    run_report(*command, arguments->report, exit_status,
               [arguments](const auto& agent) { return run(*arguments, agent); });
    command->footer(
        "Examples:\n"
        "  fairlead conntrack top                   by Service, Pod, peer and state\n"
        "  fairlead conntrack top peers -n 20\n"
        "  fairlead conntrack top services -o json | jq '.services.items[].name'");
}

}  // namespace fairlead::cli
