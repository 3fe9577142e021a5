#pragma once

#include <string>

#include "base/result.h"
#include "base/socket_address.h"
#include "cli/service_view.h"

namespace fairlead::cli {

/// Everything about one Service, for people: what the agent says of it, and `with_flows` the connections to
/// it in this network namespace. These are counted here, not on the thread of the agent that syncs.
base::Result<std::string> describe_service(const base::SocketAddress& agent, const ServiceView& service,
                                           bool with_flows, bool colour);

}  // namespace fairlead::cli
