#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace fairlead::net {

/// A process that is there now.
struct RunningProgram {
    int pid = 0;
    std::vector<std::string> arguments;  ///< without the program itself
};

/// The processes whose program is called `name` (argv[0] without its folder) and that are in our network
/// namespace, by /proc: those of a PID namespace that we do not see are missing. Fails if /proc cannot be
/// read.
base::Result<std::vector<RunningProgram>> running_programs(std::string_view name);

/// Asks the process to end (SIGTERM) and waits for that up to `timeout`.
base::Result<void> stop_process(int pid, base::Duration timeout);

/// Whether `command` is on PATH and can be run.
bool can_run(const std::string& command);

}  // namespace fairlead::net
