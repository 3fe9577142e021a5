#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fairlead::cli {

/// Path and query of a page of the agent, with those parameters that are not empty. Refuses a value with
/// characters that stand for something else in a query; names, addresses and numbers have none.
base::Result<std::string> page_target(
    std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& parameters);

}  // namespace fairlead::cli
