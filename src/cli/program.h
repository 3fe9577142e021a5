#pragma once

#include <memory>

#include "cli/completer.h"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// The command line without any command yet; the folders that bring commands add theirs.
/// Destroyed by the pointer's own deleter, so that callers need not see CLI11's header.
using Program = std::unique_ptr<CLI::App, void (*)(CLI::App*)>;
Program make_program();

/// Adds `version`, `get`, `describe`, `migrate`, `conntrack`, `completion` and `man`. A command that ran
/// leaves its status in `exit_status`. Completion finds values of other folders' placeholders in `sources`.
void add_commands(CLI::App& program, int& exit_status, ValueSources sources = {});

/// Parses the command line and runs the command it names. 0: fine, 1: the command failed, 2: wrong usage.
int run(CLI::App& program, int argc, char** argv, const int& exit_status);

}  // namespace fairlead::cli
