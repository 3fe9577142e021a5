#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::agent {

/// The parameters of a page's query, "a=1&b=2", by name. Names, addresses and ports have nothing in them to
/// decode. Refuses parameters that are not `known`, that are empty, and those that come twice.
base::Result<std::map<std::string, std::string, std::less<>>> parse_page_query(
    std::string_view query, std::span<const std::string_view> known);

}  // namespace fairlead::agent
