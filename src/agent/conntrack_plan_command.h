#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/socket_address.h"

namespace CLI {
class App;
}

namespace fairlead::agent {

/// The most flows at once that the agent at this address has seen; none if nobody answers or knows.
using ObservedPeak = std::function<std::optional<std::uint64_t>(const base::SocketAddress& agent)>;

/// Adds `conntrack plan` to `program`, which has a command `conntrack`. One that ran leaves its status in
/// `exit_status`.
void add_conntrack_plan(CLI::App& program, int& exit_status, ObservedPeak observed_peak);

}  // namespace fairlead::agent
