#include "cli/trace_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/socket_address.h"
#include "cli/agent_client.h"
#include "cli/agent_option.h"
#include "cli/service_selection.h"
#include "cli/trace_view.h"
#include "output/yaml.h"

namespace fairlead::cli {

namespace {

using base::Result;

struct TraceArguments {
    TraceQuestion question{{}, {}, "default", {}, {}};
    std::string output;
    std::string admin_address = kAdminAddress;
};

/// Prints the trace; true if the connection gets somewhere.
Result<bool> run(const base::SocketAddress& agent, const std::string& target, const std::string& output) {
    FAIRLEAD_TRY(const auto page, fetch_page(agent, target));
    FAIRLEAD_TRY(const auto view, trace_view(page.body));
    auto text = output.empty() ? view.text : page.body;
    if (output == "yaml") {
        FAIRLEAD_TRY(text, output::json_to_yaml(page.body));
    }
    std::fputs(text.c_str(), stdout);
    return view.gets_there;
}

void add_options(CLI::App& command, TraceArguments& arguments) {
    auto& question = arguments.question;
    command.add_option("source", question.source, "pod/NAME, an address, or node for this node")
        ->type_name("SOURCE")
        ->required();
    command.add_option("destination", question.destination, "SERVICE[.NAMESPACE]:PORT or ADDRESS:PORT")
        ->type_name("DESTINATION")
        ->required();
    command.add_flag("->")->group("");  // may stand between them
    command
        .add_option("-n,--namespace", question.namespace_name,
                    "of the Pod and the Service, 'default' where none is given")
        ->type_name("NAMESPACE")
        ->check(why_no_label);
    command.add_option("--protocol", question.protocol, "tcp, udp or sctp; else that of the Service's port")
        ->type_name("PROTOCOL")
        ->check(CLI::IsMember({"tcp", "udp", "sctp"}).description(""));
    command.add_option("--interface", question.interface, "by which the connection comes in")
        ->type_name("NAME");
    command.add_option("-o,--output", arguments.output, "json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "yaml"}).description(""));
    add_admin_address(command, arguments.admin_address);
}

}  // namespace

void add_trace_command(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand("trace", "Say where a new connection goes on this node, and why");
    auto arguments = std::make_shared<TraceArguments>();
    add_options(*command, *arguments);
    command->callback([arguments, &exit_status] {
        const auto agent = base::SocketAddress::parse(arguments->admin_address);
        if (!agent) throw CLI::ValidationError("trace", agent.error().message);
        const auto target = trace_target(arguments->question);
        if (!target) throw CLI::ValidationError("trace", target.error().message);
        const auto gets_there = run(*agent, *target, arguments->output);
        if (!gets_there) std::fprintf(stderr, "fairlead: %s\n", gets_there.error().message.c_str());
        exit_status = gets_there && *gets_there ? 0 : 1;
    });
    command->footer(
        "Examples:\n"
        "  fairlead trace pod/web-1 cart:80 -n shop\n"
        "  fairlead trace 10.244.1.7 cart.shop:http\n"
        "  fairlead trace 192.0.2.7 203.0.113.10:443     a client outside, a load balancer\n"
        "  fairlead trace node 10.96.0.10:53 --protocol udp -o json");
}

}  // namespace fairlead::cli
