#pragma once

#include "base/result.h"
#include "base/socket_address.h"
#include "conntrack/flow_names.h"

namespace fairlead::cli {

/// The names on an agent's page /flow-names. kUnavailable if nobody answers, kInvalid if it is no such page.
base::Result<conntrack::FlowNames> fetch_flow_names(const base::SocketAddress& agent);

}  // namespace fairlead::cli
