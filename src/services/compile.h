#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "kube/objects.h"
#include "services/frontend.h"

namespace fairlead::services {

/// What `service` and its slices become in the table of one family, seen from the node `node_name`.
///
/// Endpoints are those that are ready; where none is, those that still serve while they terminate (KEP-1672).
/// With internalTrafficPolicy Local only those on this node count; if there are others, connections are
/// dropped, not rejected (KEP-2086). Nothing comes of headless Services, ExternalName, and Services that
/// another proxy is to serve (label service.kubernetes.io/service-proxy-name). Addresses that are not
/// routable (see below) and ports 0 are left out; the addresses are named in CompiledService::refused.
CompiledService compile(const kube::Service& service,
                        std::span<const std::shared_ptr<const kube::EndpointSlice>> slices,
                        base::Family family, std::string_view node_name);

/// False for addresses that would turn traffic back into the node or to everybody: loopback, link-local,
/// multicast, unspecified (core/v1 EndpointAddress.ip).
bool is_routable(const base::IpAddress& address);

}  // namespace fairlead::services
