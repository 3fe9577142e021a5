#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/event_loop.h"

namespace fairlead::net {

/// A program to run; no shell is involved.
struct Program {
    std::string command;  ///< looked for on PATH
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;  ///< on top of ours
    std::size_t output_limit_bytes = std::size_t{1} << 20U;
};

/// Runs `program` and gives its standard output to `done` on the event loop, or why it failed: it could not
/// be started, ended with another status than 0 (its last words on standard error are named), printed more
/// than the limit, or took longer than `timeout`. Only the program itself is waited for, not what it leaves
/// behind. It is killed with its process group when the subscription ends or its time is up.
Subscription run_program(EventLoop& loop, const Program& program, base::Duration timeout,
                         std::function<void(base::Result<std::string>)> done);

}  // namespace fairlead::net
