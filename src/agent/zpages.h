#pragma once

#include <string>
#include <vector>

#include "agent/config.h"
#include "base/time.h"

namespace fairlead::agent {

// The pages /flagz (KEP-4828) and /statusz (KEP-4827) in the two forms that kube-proxy 1.37 has: text with
// its lines, and the fields of the objects Flagz and Statusz (config.k8s.io/v1beta1), JSON without the outer
// braces.

/// A heading, a warning, and every flag with its value in effect, wherever that came from, "name=value",
/// sorted; a list with commas between.
std::string flagz_text(const Config& config);
/// `flags`: the values by name, all of them text.
std::string flagz_fields(const Config& config);

struct StatuszFacts {
    base::WallTime started{};
    base::Duration up{};
    std::vector<std::string> paths;  ///< that this address answers
};

/// Since when the agent runs, its version and that of Kubernetes whose kube-proxy it stands in for, and the
/// first parts of its pages' paths.
std::string statusz_text(const StatuszFacts& facts);
std::string statusz_fields(const StatuszFacts& facts);

}  // namespace fairlead::agent
