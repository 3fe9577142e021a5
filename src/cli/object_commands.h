#pragma once

namespace CLI {
class App;
}

namespace fairlead::cli {

/// Adds `get` and `describe`, which show what the agent of this node has programmed (its page /services).
void add_object_commands(CLI::App& program, int& exit_status);

}  // namespace fairlead::cli
