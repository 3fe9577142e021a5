#include "cli/dns_commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/agent_client.h"
#include "cli/dns_log_command.h"
#include "cli/dns_query_command.h"
#include "cli/dns_usage_view.h"
#include "cli/report_options.h"

namespace fairlead::cli {

namespace {

using base::Result;

struct DnsTopArguments {
    std::string namespace_name;  // empty: all
    ReportOptions report;
};

Result<void> run_dns_top(const DnsTopArguments& arguments, const base::SocketAddress& agent) {
    FAIRLEAD_TRY(const auto page, fetch_page(agent, "/dns-usage"));
    FAIRLEAD_TRY(auto pods, parse_dns_usage(page.body));
    if (!arguments.namespace_name.empty())
        std::erase_if(pods, [&](const auto& pod) { return pod.namespace_name != arguments.namespace_name; });
    if (arguments.report.rows != 0 && pods.size() > arguments.report.rows) pods.resize(arguments.report.rows);
    const auto text = [&](bool wide) {
        return pods.empty() ? "no Pod has asked anything yet\n" : dns_usage_text(pods, wide);
    };
    return print_report(arguments.report, text, [&] { return dns_usage_json(pods); });
}

void add_top(CLI::App& dns, int& exit_status) {
    auto* command = dns.add_subcommand("top", "Show what Pods of this node ask, and what of it is wasted");
    auto arguments = std::make_shared<DnsTopArguments>();
    command->add_option("-n,--namespace", arguments->namespace_name, "Pods of this namespace only")
        ->type_name("NAME");
    add_report_options(*command, arguments->report, "--number", "so many Pods, the most wasteful ones");
    run_report(*command, arguments->report, exit_status,
               [arguments](const auto& agent) { return run_dns_top(*arguments, agent); });
    command->footer(
        "Examples:\n"
        "  fairlead dns top\n"
        "  fairlead dns top -n shop -o wide\n"
        "  fairlead dns top -o json | jq '.items[].cure'");
}

}  // namespace

void add_dns_commands(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand("dns", "Show what the DNS server of this node does");
    command->require_subcommand(1);
    add_dns_log_command(*command, exit_status);
    add_dns_query_command(*command, exit_status);
    add_top(*command, exit_status);
}

}  // namespace fairlead::cli
