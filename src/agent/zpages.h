#pragma once

#include <string>
#include <vector>

#include "agent/config.h"
#include "base/time.h"

namespace fairlead::agent {

/// The page /flagz in the text form of Kubernetes' z-pages (KEP-4828): a heading, a warning, and every flag
/// with its value in effect, wherever that came from, "name=value", sorted; a list with commas between.
std::string flagz_text(const Config& config);

struct StatuszFacts {
    base::WallTime started{};
    base::Duration up{};
    std::vector<std::string> paths;  ///< that this address answers
};

/// The page /statusz in the same form (KEP-4827): since when the agent runs, its version, its pages.
std::string statusz_text(const StatuszFacts& facts);

}  // namespace fairlead::agent
