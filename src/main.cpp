#include "agent/commands.h"
#include "agent/conntrack_plan_command.h"
#include "cli/observed_peak.h"
#include "cli/program.h"
#include "lab/cases.h"
#include "lab/commands.h"
#include "lab/inspect.h"
#include "lab/layout.h"
#include "lab/state.h"

namespace {

using namespace fairlead;

/// The Pods, nodes and client of the lab that is named on the line.
std::vector<std::string> places(const cli::OptionValues& options) {
    const auto named = options.find("--name");
    const auto objects =
        lab::read_objects(named == options.end() ? std::string(lab::kDefaultName) : named->second);
    return objects ? lab::place_names(*objects) : std::vector<std::string>{};
}

/// What completion offers for the placeholders of `lab`.
cli::ValueSources lab_value_sources() {
    return {{"LAB",
             [](const cli::OptionValues&) {
                 return lab::labs_on_this_machine().value_or(std::vector<std::string>{});
             }},
            {"POD", places},
            {"CASE", [](const cli::OptionValues&) { return lab::case_names(); }}};
}

}  // namespace

int main(int argc, char** argv) {
    int exit_status = 0;
    const auto program = cli::make_program();
    agent::add_commands(*program, exit_status);
    lab::add_commands(*program, exit_status);
    cli::add_commands(*program, exit_status, lab_value_sources());
    agent::add_conntrack_plan(*program, exit_status, cli::observed_peak);
    return cli::run(*program, argc, argv, exit_status);
}
