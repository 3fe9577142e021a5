#include "cli/command_tree.h"

#include <CLI/CLI.hpp>

namespace fairlead::cli {

namespace {

OptionDescription describe(const CLI::Option& option) {
    OptionDescription description;
    for (const auto& name : option.get_snames())
        description.names.push_back("-" + name);
    for (const auto& name : option.get_lnames())
        description.names.push_back("--" + name);
    if (option.get_positional())
        description.placeholder = option.get_name();
    else if (option.get_items_expected_max() > 0)
        description.placeholder = option.get_type_name();
    description.help = option.get_description();
    return description;
}

void describe_below(const CLI::App& app, std::vector<std::string> path,
                    std::vector<CommandDescription>& commands) {
    CommandDescription command{path, app.get_description(), {}, {}};
    for (const auto* option : app.get_options())
        if (!option->get_group().empty()) command.options.push_back(describe(*option));
    const auto visible =
        app.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
    for (const auto* child : visible)
        command.subcommands.push_back(child->get_name());
    commands.push_back(std::move(command));
    for (const auto* child : visible) {
        auto child_path = path;
        child_path.push_back(child->get_name());
        describe_below(*child, std::move(child_path), commands);
    }
}

}  // namespace

std::vector<CommandDescription> describe_commands(const CLI::App& program) {
    std::vector<CommandDescription> commands;
    describe_below(program, {}, commands);
    return commands;
}

}  // namespace fairlead::cli
