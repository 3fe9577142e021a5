#include "cli/conntrack_flow_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "cli/agent_option.h"
#include "cli/conntrack_output.h"
#include "cli/flow_arguments.h"
#include "cli/flow_list.h"
#include "cli/flow_names.h"
#include "cli/flow_watch.h"
#include "cli/service_selection.h"
#include "kernel/conntrack/netlink_conntrack_table.h"

namespace fairlead::cli {

namespace {

using base::Result;
using conntrack::FlowNames;
using conntrack::FlowSelection;
using kernel::conntrack::Flow;
using kernel::conntrack::NetlinkConntrackTable;

struct Arguments {
    FlowArguments flows;
    std::string output;
    bool watch = false;
    bool dry_run = false;
    std::string admin_address = kAdminAddress;
};

/// The agent's names; a selection that cannot be told without them needs the agent.
Result<FlowNames> names_for(const FlowSelection& selection, const base::SocketAddress& agent) {
    if (!selection.needs_names()) return names_or_none(agent);
    return fetch_flow_names(agent);
}

/// How many were printed.
Result<std::size_t> print_flows(NetlinkConntrackTable& table, const FlowSelection& selection,
                                const FlowNames& names, const std::string& output) {
    FlowList list{format_of_flows(output), names, print};
    FAIRLEAD_CHECK(table.for_each_flow(selection.filter, [&](const Flow& flow) {
        if (selects(selection, names, flow)) list.add(flow);
    }));
    return list.finish();
}

Result<void> get(const Arguments& arguments, const FlowSelection& selection,
                 const base::SocketAddress& agent) {
    FAIRLEAD_TRY(auto table, NetlinkConntrackTable::open());
    FAIRLEAD_TRY(const auto names, names_for(selection, agent));
    if (arguments.watch) return watch_flows(selection, names, format_of_flows(arguments.output));
    FAIRLEAD_TRY(const auto printed, print_flows(table, selection, names, arguments.output));
    if (printed == 0) tell(selection == FlowSelection{} ? "no flows" : "no such flows");
    return {};
}

Result<void> remove(const Arguments& arguments, const FlowSelection& selection,
                    const base::SocketAddress& agent) {
    FAIRLEAD_TRY(auto table, NetlinkConntrackTable::open());
    FAIRLEAD_TRY(const auto names, names_for(selection, agent));
    if (arguments.dry_run) {
        FAIRLEAD_TRY(const auto printed, print_flows(table, selection, names, ""));
        print(fmt::format("{} flows would be deleted (dry run)\n", printed));
        return {};
    }
    FAIRLEAD_TRY(const auto deleted, delete_selected(table, selection, names));
    print(fmt::format("{} flows deleted\n", deleted));
    return {};
}

void add_filters(CLI::App& command, FlowArguments& flows) {
    const auto text = [&](const char* names, std::string& value, const char* type, const char* help) {
        return command.add_option(names, value, help)->type_name(type);
    };
    text("--service", flows.service, "SERVICE", "to this Service, at any of its addresses");
    text("--pod", flows.pod, "NAME", "that this Pod answers");
    text("-n,--namespace", flows.namespace_name, "NAMESPACE",
         "of the Service and the Pod, 'default' where none is given")
        ->check(why_no_label);
    text("--endpoint", flows.endpoint, "ADDRESS", "that this address answers, or ADDRESS:PORT");
    text("--address", flows.address, "ADDRESS", "of this client, to this address, or answered by it");
    text("--source", flows.source, "ADDRESS", "of this client");
    text("--destination", flows.destination, "ADDRESS", "to this address, as the client wrote it");
    command.add_option("--port", flows.port, "to this port, as the client wrote it")->type_name("PORT");
    text("--protocol", flows.protocol, "PROTOCOL", "tcp, udp, sctp, icmp, icmpv6 or a number");
    text("--state", flows.state, "STATE", "in this state of TCP, SYN_SENT say");
    command.add_flag("--unreplied", flows.unreplied, "that nobody has answered yet");
    command.add_flag("--stale", flows.stale, "to a Service, and to none of its live endpoints");
    command.add_option("--zone", flows.zone, "of this zone of conntrack")->type_name("NUMBER");
    text("--mark", flows.mark, "VALUE", "with this connection mark, or VALUE/MASK");
}

using Run = Result<void> (*)(const Arguments&, const FlowSelection&, const base::SocketAddress&);

/// `may_be_all`: without a filter it is about all flows; else it wants one.
CLI::App* add(CLI::App& conntrack, int& exit_status, const char* verb, const char* help, bool may_be_all,
              Run run, const std::function<void(CLI::App&, Arguments&)>& add_options) {
    auto* command = conntrack.add_subcommand(verb, help);
    auto arguments = std::make_shared<Arguments>();
    add_filters(*command, arguments->flows);
    add_options(*command, *arguments);
    add_admin_address(*command, arguments->admin_address);
    command->callback([arguments, run, verb, may_be_all, &exit_status] {
        const auto agent = base::SocketAddress::parse(arguments->admin_address);
        if (!agent) throw CLI::ValidationError(verb, agent.error().message);
        const auto selection = selection_of(arguments->flows);
        if (!selection) throw CLI::ValidationError(verb, selection.error().message);
        if (!may_be_all && *selection == FlowSelection{})
            throw CLI::ValidationError(verb, "say which flows: without a filter it would be all of them");
        exit_status = status_of(run(*arguments, *selection, *agent));
    });
    return command;
}

}  // namespace

void add_conntrack_flow_commands(CLI::App& conntrack, int& exit_status) {
    add(conntrack, exit_status, "get", "List tracked connections by Service and Pod", true, get,
        [](CLI::App& command, Arguments& arguments) {
            command.add_option("-o,--output", arguments.output, "wide, json or yaml")
                ->type_name("FORMAT")
                ->check(CLI::IsMember({"wide", "json", "yaml"}).description(""));
            command.add_flag("-w,--watch", arguments.watch, "go on and print what comes, changes and goes");
        })
        ->footer(
            "Examples:\n"
            "  fairlead conntrack get --service cart -n shop\n"
            "  fairlead conntrack get --stale -o wide           that lead to no live endpoint\n"
            "  fairlead conntrack get --protocol tcp --state syn-sent --unreplied");
    add(conntrack, exit_status, "delete", "Delete tracked connections: the next packet is tracked anew",
        false, remove,
        [](CLI::App& command, Arguments& arguments) {
            command.add_flag("--dry-run", arguments.dry_run, "show which they are, and delete nothing");
        })
        ->footer(
            "Examples:\n"
            "  fairlead conntrack delete --stale --dry-run\n"
            "  fairlead conntrack delete --service dns -n kube-system --protocol udp");
}

ValueSources conntrack_value_sources() {
    return {{"STATE", [](const OptionValues&) { return tcp_state_names(); }}};
}

}  // namespace fairlead::cli
