#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `query` below `dns`. It sets `exit_status` to 1 also where the lookup finds nothing.
void add_dns_query_command(CLI::App& dns, int& exit_status);

}  // namespace fairlead::cli
