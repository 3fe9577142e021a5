#pragma once

#include <string>
#include <vector>

#include "agent/dns_settings.h"
#include "base/address.h"
#include "kube/store.h"

namespace fairlead::agent {

/// What the mode "intercept" takes queries of.
struct DnsTargets {
    std::vector<base::IpAddress> addresses{};  ///< sorted
    std::string problem{};  ///< for people: why the cluster DNS Service's own are not among them; or empty
};

/// The addresses of the cluster DNS Service, and those beside it that the settings name.
DnsTargets dns_targets(const DnsSettings& settings, const kube::Store<kube::Service>& services);

}  // namespace fairlead::agent
