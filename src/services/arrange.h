#pragma once

#include <span>
#include <vector>

#include "services/frontend.h"

namespace fairlead::services {

/// An order of `wanted` (sorted, each once) that differs from `programmed` in as few places as can be: what
/// stays keeps its place, what is new takes the places of what goes, and the last ones move into places that
/// are left over. The place of a backend is its index in the kernel's `endpoints` map, which must be dense.
std::vector<Backend> arrange(std::span<const Backend> programmed, std::span<const Backend> wanted);

}  // namespace fairlead::services
