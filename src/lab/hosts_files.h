#pragma once

#include <map>
#include <string>

#include "kube/manifest_files.h"

namespace fairlead::lab {

/// An /etc/hosts for each Kubernetes namespace of the objects and for "default": what cluster DNS would say
/// of Services ("cart" from the same namespace, "cart.shop", "cart.shop.svc", "cart.shop.svc.cluster.local")
/// and nodes. A headless Service has the addresses of its Pods that are ready, and of all if it publishes
/// those that are not. By namespace. Pure.
std::map<std::string, std::string> hosts_files(const kube::ManifestFiles::Objects& objects);

}  // namespace fairlead::lab
