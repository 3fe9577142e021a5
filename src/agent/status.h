#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/service_proxy.h"

namespace fairlead::agent {

/// What /status says beside what the data plane knows.
struct StatusFacts {
    std::string node_name;
    std::string source;  ///< "manifests DIR" or "API server URL"
    std::vector<std::string> not_ready;
    std::string last_error;
    std::vector<std::string> problems;
    std::string_view conntrack_guard;  ///< the mode
    std::uint64_t invalid_dropped_packets = 0;
};

/// The page /status: the agent at a glance.
std::string status_json(const StatusFacts& facts, const services::ServiceProxy& proxy);

/// The page /services: every Service that is programmed with its frontends and endpoints; with a query only
/// those of "namespace=NAME", of "name=NAME", or of both, joined by '&'. Refuses every other query.
base::Result<std::string> services_json(const services::ServiceProxy& proxy, std::string_view query);

// Parts of these pages that others have as well.
/// "balanced", "rejected", "dropped", or "pending": the kernel does not have it yet.
std::string_view frontend_state(const services::ServiceProxy& proxy, const services::Frontend& frontend);
std::string conflict_json(const services::Conflict& conflict);
std::string refusal_json(const services::Refusal& refusal);

}  // namespace fairlead::agent
