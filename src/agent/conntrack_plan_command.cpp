#include "agent/conntrack_plan_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "agent/agent_arguments.h"
#include "agent/conntrack_plan.h"
#include "output/yaml.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// The settings that the plan depends on, and what every file of settings needs.
constexpr std::array<std::string_view, 11> kPlannedFields = {"nodeName",
                                                             "adminAddress",
                                                             "conntrack.sizing",
                                                             "conntrack.maxPerCore",
                                                             "conntrack.min",
                                                             "conntrack.tcpEstablishedTimeout",
                                                             "conntrack.tcpCloseWaitTimeout",
                                                             "conntrack.tcpBeLiberal",
                                                             "conntrack.guard",
                                                             "conntrack.udpTimeout",
                                                             "conntrack.udpStreamTimeout"};

struct PlanArguments {
    AgentArguments agent;
    std::string output;
};

Result<std::string> plan(const PlanArguments& arguments, const ObservedPeak& observed_peak) {
    FAIRLEAD_TRY(const auto loaded, load_config(arguments.agent));
    const ConntrackFiles files;
    FAIRLEAD_TRY(const auto plan, make_conntrack_plan(files, sizing_settings(loaded.config.conntrack),
                                                      observed_peak(loaded.config.admin_address)));
    if (arguments.output == "json") return plan_json(plan, files);
    if (arguments.output == "yaml") return output::json_to_yaml(plan_json(plan, files));
    return plan_text(plan, files, arguments.output == "wide");
}

}  // namespace

void add_conntrack_plan(CLI::App& program, int& exit_status, ObservedPeak observed_peak) {
    auto* command = program.get_subcommand("conntrack")
                        ->add_subcommand("plan",
                                         "Show which sizes and timeouts of connection tracking an "
                                         "agent would change here, and why; changes nothing");
    auto arguments = std::make_shared<PlanArguments>();
    add_file_options(*command, arguments->agent);
    add_setting_options(*command, arguments->agent, [](const Setting& setting) {
        return std::ranges::find(kPlannedFields, setting.field) != kPlannedFields.end();
    });
    command->add_option("-o,--output", arguments->output, "json, yaml or wide")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "yaml", "wide"}).description(""));
    command->footer(
        "Examples:\n"
        "  fairlead conntrack plan                                  without any setting\n"
        "  fairlead conntrack plan --config /etc/fairlead/agent.yaml\n"
        "  fairlead conntrack plan --kube-proxy-config config.conf -o wide");
    command->callback([arguments, &exit_status, observed_peak = std::move(observed_peak)] {
        const auto text = plan(*arguments, observed_peak);
        if (text)
            std::fputs(text->c_str(), stdout);
        else
            std::fprintf(stderr, "fairlead: %s\n", text.error().message.c_str());
        exit_status = text ? 0 : 1;
    });
}

}  // namespace fairlead::agent
