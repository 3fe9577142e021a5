#include "cli/command_tree.h"

#include <CLI/CLI.hpp>

namespace fairlead::cli {

namespace {

constexpr std::string_view kExamplesHead = "Examples:\n";

OptionDescription describe(const CLI::Option& option) {
    OptionDescription description;
    for (const auto& name : option.get_snames())
        description.names.push_back("-" + name);
    for (const auto& name : option.get_lnames())
        description.names.push_back("--" + name);
    if (option.get_items_expected_max() > 0) description.placeholder = option.get_type_name();
    description.help = option.get_description();
    description.environment = option.get_envname();
    description.repeatable = option.get_items_expected_max() > 1;
    return description;
}

std::string examples_of(const CLI::App& command) {
    const auto footer = command.get_footer();
    return footer.starts_with(kExamplesHead) ? footer.substr(kExamplesHead.size()) : "";
}

std::vector<const CLI::App*> visible_commands(const CLI::App& command) {
    return command.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
}

void describe_below(const CLI::App& app, const std::vector<std::string>& path,
                    std::vector<CommandDescription>& commands) {
    CommandDescription command{path, app.get_description(), {}, command_names(app), examples_of(app)};
    for (const auto* option : app.get_options())
        if (!option->get_group().empty()) command.options.push_back(describe(*option));
    commands.push_back(std::move(command));
    for (const auto* child : visible_commands(app)) {
        auto child_path = path;
        child_path.push_back(child->get_name());
        describe_below(*child, child_path, commands);
    }
}

}  // namespace

std::vector<CommandDescription> describe_commands(const CLI::App& program) {
    std::vector<CommandDescription> commands;
    describe_below(program, {}, commands);
    return commands;
}

std::vector<std::string> command_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const auto* child : visible_commands(command))
        names.push_back(child->get_name());
    return names;
}

const CLI::App* find_command(const CLI::App& command, std::string_view name) {
    const auto found =
        command.get_subcommands([&](const CLI::App* child) { return child->get_name() == name; });
    return found.empty() ? nullptr : found.front();
}

}  // namespace fairlead::cli
