#pragma once

#include <optional>
#include <string_view>

#include "agent/trace.h"
#include "services/packet_trace.h"

namespace fairlead::agent {

/// The packet that the query of the page /trace is about.
base::Result<services::Packet> packet_of(const TraceGround& ground, std::string_view query);

/// The Pod that the query names as the source; nullopt if it names none, or is wrong.
std::optional<kube::ObjectKey> pod_of(std::string_view query);

}  // namespace fairlead::agent
