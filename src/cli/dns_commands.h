#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `dns` with what is below it.
void add_dns_commands(CLI::App& program, int& exit_status);

}  // namespace fairlead::cli
