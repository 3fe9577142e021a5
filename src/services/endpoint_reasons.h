#pragma once

#include <string>
#include <string_view>

#include "services/endpoint_choice.h"

namespace fairlead::services {

/// For programs: "Ready", "HintOfOtherZone".
std::string_view name_of(EndpointUse use);

/// For people, as the end of a sentence about an endpoint: "is ready", "is meant for zone z2 (hints), this is
/// z1".
std::string explain(EndpointUse use, const JudgedEndpoint& judged, const NodePlace& node);

/// What the EndpointSlice says of it: "ready", "not ready", "terminating, serving", "terminating".
std::string_view condition_of(const kube::Endpoint& endpoint);

}  // namespace fairlead::services
