#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace fairlead::kernel::netns {

/// A program to run inside a network namespace.
struct Command {
    std::string netns;                   ///< name
    std::vector<std::string> arguments;  ///< the first is the program, looked for on PATH
    /// Shown to it as /etc/hosts, in a mount namespace of its own; empty: the system's.
    std::string hosts_file;
};

/// Starts it as a child of the calling thread that is killed when that thread ends (PR_SET_PDEATHSIG), in a
/// process group of its own so that a terminal's Ctrl-C reaches only us. Its standard input is empty,
/// standard output and error go to `output_fd`. Returns its process id: reap it.
base::Result<pid_t> spawn(const Command& command, int output_fd);

/// Becomes the program, as `ip netns exec` does; /sys shows the namespace's devices. Returns only if that
/// failed.
base::Error become(const Command& command);

}  // namespace fairlead::kernel::netns
