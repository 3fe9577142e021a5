#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::lab {

/// Adds `lab` with its subcommands. A command that ran leaves its status in `exit_status`.
void add_commands(CLI::App& program, int& exit_status);

}  // namespace fairlead::lab
