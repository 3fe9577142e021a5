#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `trace`. It sets `exit_status` to 1 also where the connection is rejected or dropped.
void add_trace_command(CLI::App& program, int& exit_status);

}  // namespace fairlead::cli
