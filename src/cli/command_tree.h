#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// An option or argument of a command.
struct OptionDescription {
    std::vector<std::string> names;  ///< "-n", "--namespace"; empty for an argument by place
    std::string placeholder;         ///< "NAME"; empty for a flag
    std::string help;
    std::string environment;  ///< variable that stands in for it, if any
    bool repeatable = false;  ///< an argument that takes any number of words
};

/// A command as completion, man page and documentation tests see it.
struct CommandDescription {
    std::vector<std::string> path;  ///< {"lab", "up"}
    std::string summary;
    std::vector<OptionDescription> options;
    std::vector<std::string> subcommands;  ///< names
    std::string examples;                  ///< lines, as --help ends with them; may be empty
};

/// Every visible command below `program`, the program itself first (empty path), then depth first.
std::vector<CommandDescription> describe_commands(const CLI::App& program);

/// The visible commands right below `command`.
std::vector<std::string> command_names(const CLI::App& command);

/// The command `name` right below `command`, visible or not; nullptr if there is none.
const CLI::App* find_command(const CLI::App& command, std::string_view name);

}  // namespace fairlead::cli
