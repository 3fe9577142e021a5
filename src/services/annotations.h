#pragma once

#include <string>
#include <vector>

#include "kube/objects.h"

namespace fairlead::services {

/// What the annotations of a Service ask for beyond what its spec can say. Values that are not known ask for
/// nothing.
struct ServiceWishes {
    bool consistent = false;  ///< fairlead.io/balancing: consistent
    bool resets = false;      ///< fairlead.io/reset-connections: endpoint-removed
};

ServiceWishes wishes_of(const kube::Service& service);

/// One sentence for each annotation of ours (kube::kOwnAnnotations) whose name or value is not known.
std::vector<std::string> annotation_problems(const kube::Service& service);

}  // namespace fairlead::services
