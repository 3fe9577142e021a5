#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `migrate`. A command that ran leaves its status in `exit_status`.
void add_migrate_commands(CLI::App& program, int& exit_status);

}  // namespace fairlead::cli
