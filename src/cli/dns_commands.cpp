#include "cli/dns_commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/agent_client.h"
#include "cli/agent_option.h"
#include "cli/conntrack_output.h"
#include "cli/dns_usage_view.h"
#include "output/yaml.h"

namespace fairlead::cli {

namespace {

using base::Result;

struct TopArguments {
    std::string namespace_name;  // empty: all
    std::size_t rows = 0;        // 0: all
    std::string output;
    std::string admin_address = kAdminAddress;
};

Result<void> run_top(const TopArguments& arguments, const base::SocketAddress& agent) {
    FAIRLEAD_TRY(const auto page, fetch_page(agent, "/dns-usage"));
    FAIRLEAD_TRY(auto pods, parse_dns_usage(page.body));
    if (!arguments.namespace_name.empty())
        std::erase_if(pods, [&](const auto& pod) { return pod.namespace_name != arguments.namespace_name; });
    if (arguments.rows != 0 && pods.size() > arguments.rows) pods.resize(arguments.rows);
    if (arguments.output != "json" && arguments.output != "yaml") {
        print(pods.empty() ? "no Pod has asked anything yet\n"
                           : dns_usage_text(pods, arguments.output == "wide"));
        return {};
    }
    const auto json = dns_usage_json(pods);
    FAIRLEAD_TRY(const auto text, arguments.output == "json" ? json + "\n" : output::json_to_yaml(json));
    print(text);
    return {};
}

void add_top(CLI::App& dns, int& exit_status) {
    auto* command = dns.add_subcommand("top", "Show what Pods of this node ask, and what of it is wasted");
    auto arguments = std::make_shared<TopArguments>();
    command->add_option("-n,--namespace", arguments->namespace_name, "Pods of this namespace only")
        ->type_name("NAME");
    command->add_option("--number", arguments->rows, "so many Pods, the most wasteful ones")
        ->type_name("NUMBER")
        ->check(CLI::PositiveNumber.description(""));
    command->add_option("-o,--output", arguments->output, "wide, json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"wide", "json", "yaml"}).description(""));
    add_admin_address(*command, arguments->admin_address);
    command->callback([arguments, &exit_status] {
        const auto agent = base::SocketAddress::parse(arguments->admin_address);
        if (!agent) throw CLI::ValidationError("top", agent.error().message);
        exit_status = status_of(run_top(*arguments, *agent));
    });
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
    add_top(*command, exit_status);
}

}  // namespace fairlead::cli
