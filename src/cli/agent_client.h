#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/socket_address.h"

namespace fairlead::cli {

/// A page of an agent, or that it is still the one that is known.
struct AgentPage {
    bool unchanged = false;
    std::string body;  ///< empty if unchanged
    std::string etag;  ///< of this page (RFC 9110 section 8.8.3); empty if the agent gave none
};

/// Fetches `target`, path and query, from the admin address of an agent. With the `etag` of a page that the
/// caller has, the agent may answer that this is still the one. kUnavailable if nobody answers, with what to
/// look at.
base::Result<AgentPage> fetch_page(const base::SocketAddress& agent, const std::string& target,
                                   const std::string& etag = {});

/// The same of a page that may be long, without keeping it: `take` gets its bytes as they come, also those of
/// an answer that fails in the middle.
base::Result<void> fetch_long_page(const base::SocketAddress& agent, const std::string& target,
                                   const std::function<void(std::string_view)>& take);

/// The Services of the agent's page are all it knows of: it says so on its page /status.
base::Result<bool> agent_is_ready(const base::SocketAddress& agent);

}  // namespace fairlead::cli
