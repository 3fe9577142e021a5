#pragma once

#include <span>

#include "agent/config.h"
#include "kube/store.h"
#include "services/options.h"

namespace fairlead::agent {

/// What the Service data plane is told: the configuration, the node's own Node object if there is one, its
/// addresses, and the cluster's ServiceCIDRs.
services::Options service_options(const Config& config, const kube::Stores& stores,
                                  std::span<const base::IpAddress> local_addresses);

}  // namespace fairlead::agent
