#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/service_flows.h"

namespace fairlead::cli {

/// A Service of the agent's page /service, for people.
struct ServiceDetails {
    std::string text;
    std::vector<FlowDestination> destinations;  ///< its frontends
};

/// kInvalid if the page is none. `colour`: of states and of what differs (ECMA-48 SGR).
base::Result<ServiceDetails> service_details(std::string_view page, bool colour);

}  // namespace fairlead::cli
