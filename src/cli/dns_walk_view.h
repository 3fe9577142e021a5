#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::cli {

/// A lookup of the agent's page /dns-query, for people.
struct DnsWalkView {
    std::string text;  ///< a line for each query, how it ended last
    bool found = false;
};

/// kInvalid if the page is none.
base::Result<DnsWalkView> dns_walk_view(std::string_view json);

/// What follows `fairlead dns query`; all but the name may be empty.
struct DnsWalkQuestion {
    std::string name;
    std::string pod;
    std::string namespace_name;
    std::string type;
    std::string libc;
};
/// Path and query of the page. Refuses what cannot be part of a query.
base::Result<std::string> dns_walk_target(const DnsWalkQuestion& question);

}  // namespace fairlead::cli
