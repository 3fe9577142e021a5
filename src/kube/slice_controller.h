#pragma once

#include <span>
#include <vector>

#include "kube/objects.h"

namespace fairlead::kube {

/// The EndpointSlices that kube-controller-manager's endpointslice controller would make of these Services
/// and Pods.
///
/// For every Service with a selector: one slice per family of the Service and per set of target ports (Pods
/// may give a port's name different numbers), at most 100 endpoints each. Pods without an address and
/// finished ones are left out; an endpoint is ready if its Pod is and does not terminate, or if the Service
/// publishes addresses that are not ready; it serves if its Pod is ready. A hostNetwork Pod without addresses
/// has its Node's. A Pod whose spec.subdomain names the Service lends the endpoint its spec.hostname. Ready
/// endpoints have the hints that spec.trafficDistribution asks for. A slice's name is the same for the same
/// family, ports and number within the Service. Slices of Services without a selector come from manifests.
///
/// Unlike the controller, it takes Pods of Nodes that no manifest has.
std::vector<EndpointSlice> derive_slices(std::span<const Service> services, std::span<const Pod> pods,
                                         std::span<const Node> nodes);

/// Adds these slices to `slices`, in the place of what a controller once made of the Pods of the same
/// Services (manifests that were written down from a cluster).
void add_derived_slices(std::vector<EndpointSlice>& slices, std::span<const Service> services,
                        std::span<const Pod> pods, std::span<const Node> nodes);

}  // namespace fairlead::kube
