#pragma once

#include <string>
#include <vector>

#include "services/family_proxy.h"

namespace fairlead::services {

/// One sentence for each thing that the kernel lacks in this family: what is done in its place, the Services
/// that asked for more (the first few by name), and what the kernel said.
std::vector<std::string> feature_problems(const ServiceCatalog& catalog, const FamilyProxy& proxy);

}  // namespace fairlead::services
