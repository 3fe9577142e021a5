#pragma once

#include "cli/completer.h"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `get` and `delete` below `conntrack`. They leave their status in `exit_status`.
void add_conntrack_flow_commands(CLI::App& conntrack, int& exit_status);

/// What completion offers for the placeholders of these commands that others do not have.
ValueSources conntrack_value_sources();

}  // namespace fairlead::cli
