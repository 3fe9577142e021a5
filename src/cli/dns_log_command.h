#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `log` below `dns`.
void add_dns_log_command(CLI::App& dns, int& exit_status);

}  // namespace fairlead::cli
