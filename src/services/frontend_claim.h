#pragma once

#include <optional>

#include "services/packet_trace.h"
#include "services/service_proxy.h"

namespace fairlead::services {

/// What the objects say of a frontend, if a Service has it. Compiles that one Service anew.
std::optional<ClaimedFrontend> claim_of(const ServiceProxy& proxy, const Frontend& frontend);

/// The same of a frontend of a Service, `port`'s, that is compiled already; with the reasons of the first
/// `limit` endpoints.
ClaimedFrontend claim_of(const CatalogEntry& entry, const kube::ServicePort& port,
                         const BackedFrontend& compiled, const NodePlace& node, std::size_t limit);

/// The port of a Service that a frontend is of; null if there is none.
const kube::ServicePort* port_of(const kube::Service& service, const Frontend& frontend, FrontendKind kind);

}  // namespace fairlead::services
