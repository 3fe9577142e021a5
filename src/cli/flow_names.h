#pragma once

#include <string_view>

#include "base/result.h"
#include "base/socket_address.h"
#include "conntrack/flow_names.h"

namespace fairlead::cli {

/// The names on an agent's page /flow-names. kInvalid if it is none.
base::Result<conntrack::FlowNames> parse_flow_names(std::string_view json);

/// Asks the agent for them. kUnavailable if nobody answers.
base::Result<conntrack::FlowNames> fetch_flow_names(const base::SocketAddress& agent);

}  // namespace fairlead::cli
