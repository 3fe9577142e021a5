#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `top` below `conntrack`. It leaves its status in `exit_status`.
void add_conntrack_top(CLI::App& conntrack, int& exit_status);

}  // namespace fairlead::cli
