#include "cli/conntrack_commands.h"

#include <CLI/CLI.hpp>

#include "cli/conntrack_check.h"
#include "cli/conntrack_flow_commands.h"
#include "cli/conntrack_top_command.h"

namespace fairlead::cli {

void add_conntrack_commands(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand("conntrack", "Show and plan the connection tracking of this node");
    command->require_subcommand(1);
    add_conntrack_check(*command, exit_status);
    add_conntrack_top(*command, exit_status);
    add_conntrack_flow_commands(*command, exit_status);
}

}  // namespace fairlead::cli
