#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "kernel/netns/spawn.h"

namespace fairlead::lab {

/// A program that ran to its end.
struct FinishedCommand {
    double seconds = 0;
    std::uint64_t peak_memory_bytes = 0;
};

/// Runs it and waits; its output is appended to `log_path`. Another exit status than 0 is an error with the
/// last line that it wrote.
base::Result<FinishedCommand> run_command(const kernel::netns::Command& command, const std::string& log_path);

}  // namespace fairlead::lab
