#pragma once

#include <functional>
#include <memory>
#include <span>

#include "kube/objects.h"

namespace fairlead::kube {

struct SliceOrigin {
    std::span<const std::shared_ptr<const Service>> services;
    std::span<const std::shared_ptr<const Pod>> pods;
    std::span<const std::shared_ptr<const Node>> nodes;
};

using TakeSlice = std::function<void(std::shared_ptr<const EndpointSlice>)>;

/// Gives `take`, one by one, the EndpointSlices that kube-controller-manager's endpointslice controller would
/// make of these Services and Pods.
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
void derive_slices(const SliceOrigin& origin, const TakeSlice& take);

/// The same, then `written` slices but for those that a controller once made of the Pods of the same Services
/// (manifests that were written down from a cluster).
void derive_slices_beside(std::span<const std::shared_ptr<const EndpointSlice>> written,
                          const SliceOrigin& origin, const TakeSlice& take);

}  // namespace fairlead::kube
