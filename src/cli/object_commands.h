#pragma once

#include "cli/completer.h"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `get` and `describe`, which show what the agent of this node has programmed (its page /services), and
/// `top`, which shows what it has counted (its page /connections).
void add_object_commands(CLI::App& program, int& exit_status);

/// Values of RESOURCE, NAMESPACE and SERVICE; the latter two are asked of the agent.
ValueSources object_value_sources();

}  // namespace fairlead::cli
