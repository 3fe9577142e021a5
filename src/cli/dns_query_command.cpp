#include "cli/dns_query_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/socket_address.h"
#include "cli/agent_client.h"
#include "cli/agent_option.h"
#include "cli/dns_walk_view.h"
#include "cli/service_selection.h"
#include "output/yaml.h"

namespace fairlead::cli {

namespace {

using base::Result;

struct QueryArguments {
    DnsWalkQuestion question;
    std::string output;
    std::string admin_address = kAdminAddress;
};

/// Prints the walk; true if it found something.
Result<bool> show_walk(const base::SocketAddress& agent, const std::string& target,
                       const std::string& output) {
    FAIRLEAD_TRY(const auto page, fetch_page(agent, target));
    FAIRLEAD_TRY(const auto view, dns_walk_view(page.body));
    auto text = output.empty() ? view.text : page.body;
    if (output == "yaml") {
        FAIRLEAD_TRY(text, output::json_to_yaml(page.body));
    }
    std::fputs(text.c_str(), stdout);
    return view.found;
}

void add_options(CLI::App& command, QueryArguments& arguments) {
    auto& question = arguments.question;
    command.add_option("name", question.name, "what is looked up, as a program would")
        ->type_name("NAME")
        ->required();
    command
        .add_option("--as", question.pod, "look it up as this Pod of the node would; else as the node does")
        ->type_name("POD");
    command
        .add_option("-n,--namespace", question.namespace_name, "of the Pod, 'default' where none is given")
        ->type_name("NAMESPACE")
        ->check(why_no_label);
    command.add_option("-t,--type", question.type, "of the records; A and AAAA where none is given")
        ->type_name("TYPE");
    command.add_option("--libc", question.libc, "whose resolver it has: glibc, musl or go")
        ->type_name("LIBC")
        ->check(CLI::IsMember({"glibc", "musl", "go"}).description(""));
    command.add_option("-o,--output", arguments.output, "json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "yaml"}).description(""));
    add_admin_address(command, arguments.admin_address);
}

}  // namespace

void add_dns_query_command(CLI::App& dns, int& exit_status) {
    auto* command =
        dns.add_subcommand("query", "Look a name up as a Pod's resolver would, and show each query of it");
    auto arguments = std::make_shared<QueryArguments>();
    add_options(*command, *arguments);
    command->callback([arguments, &exit_status] {
        const auto agent = base::SocketAddress::parse(arguments->admin_address);
        if (!agent) throw CLI::ValidationError("query", agent.error().message);
        const auto target = dns_walk_target(arguments->question);
        if (!target) throw CLI::ValidationError("query", target.error().message);
        const auto found = show_walk(*agent, *target, arguments->output);
        if (!found) std::fprintf(stderr, "fairlead: %s\n", found.error().message.c_str());
        exit_status = found && *found ? 0 : 1;
    });
    command->footer(
        "Examples:\n"
        "  fairlead dns query www.example.com --as web-1 -n shop\n"
        "  fairlead dns query cart --as web-1 -n shop --libc musl\n"
        "  fairlead dns query _http._tcp.cart.shop.svc.cluster.local. -t SRV\n"
        "  fairlead dns query www.example.com --as web-1 -o json | jq '.queries | length'");
}

}  // namespace fairlead::cli
