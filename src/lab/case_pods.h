#pragma once

#include <string>

#include "kube/objects.h"

namespace fairlead::lab {

// The two Pods that each node of a case has, by their place in the node's range (pod_address).
inline constexpr unsigned kCaseClientHost = 2;
inline constexpr unsigned kCaseServerHost = 3;

/// The Pod `name` of the node `node`, the `number`th of the lab.
kube::Pod case_pod(const std::string& node, unsigned number, unsigned host, const std::string& name);

}  // namespace fairlead::lab
