#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace fairlead::cli {

/// An option or argument of a command.
struct OptionDescription {
    std::vector<std::string> names;  ///< "-n", "--namespace"; empty for an argument by place
    std::string placeholder;         ///< "NAME"; empty for a flag
    std::string help;
};

/// A command as completion, man page and documentation tests see it.
struct CommandDescription {
    std::vector<std::string> path;  ///< {"lab", "up"}
    std::string summary;
    std::vector<OptionDescription> options;
    std::vector<std::string> subcommands;  ///< names
};

/// Every visible command below `program`, the program itself first (empty path), then depth first.
std::vector<CommandDescription> describe_commands(const CLI::App& program);

}  // namespace fairlead::cli
