#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `conntrack` and the commands below it. A command that ran leaves its status in `exit_status`.
void add_conntrack_commands(CLI::App& program, int& exit_status);

}  // namespace fairlead::cli
