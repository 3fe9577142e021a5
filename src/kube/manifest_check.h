#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/api_messages.h"

namespace fairlead::kube {

/// What an API server would refuse though each field can be read.
struct ManifestFault {
    std::string field;  ///< "spec.ports[1].port"
    std::string reason;
};

/// Names that are none (RFC 1123 labels of up to 63 characters, and names of such labels of up to 253: what
/// cannot lead out of a folder either), ports of a Service that cannot be told apart, and nameservers of a
/// Pod that are none. Source: pkg/apis/core/validation of Kubernetes.
std::optional<ManifestFault> find_fault(const AnyObject& object);

}  // namespace fairlead::kube
