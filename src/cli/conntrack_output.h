#pragma once

#include <string_view>

#include "base/result.h"
#include "base/socket_address.h"
#include "cli/print.h"
#include "conntrack/flow_names.h"

namespace fairlead::cli {

/// A line for people, to standard error.
void tell(std::string_view line);
/// 0, or 1 after the error was told.
int status_of(const base::Result<void>& done);

/// The agent's names, or none if it does not answer, which is told: addresses stand in for them.
conntrack::FlowNames names_or_none(const base::SocketAddress& agent);

}  // namespace fairlead::cli
