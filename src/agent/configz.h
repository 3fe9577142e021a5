#pragma once

#include <string>

#include "agent/config.h"

namespace fairlead::agent {

/// The page /configz: the configuration in effect, under "kubeproxy.config.k8s.io" in the form of
/// kube-proxy's page (KubeProxyConfiguration, without the fields that fairlead does not use), and under
/// "fairlead.config" in our own.
std::string configz_json(const Config& config);

}  // namespace fairlead::agent
