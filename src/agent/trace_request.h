#pragma once

#include <string_view>

#include "agent/trace.h"
#include "services/packet_trace.h"

namespace fairlead::agent {

/// The packet that the query of the page /trace is about.
base::Result<services::Packet> packet_of(const TraceGround& ground, std::string_view query);

}  // namespace fairlead::agent
