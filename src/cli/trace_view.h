#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::cli {

/// A trace of the agent's page /trace, for people.
struct TraceView {
    std::string text;         ///< step by step, the verdict last
    bool gets_there = false;  ///< to an endpoint, or past fairlead
};

/// kInvalid if the page is none.
base::Result<TraceView> trace_view(std::string_view json);

/// Path and query of the page for what follows `fairlead trace`.
struct TraceQuestion {
    std::string source;
    std::string destination;  ///< "SERVICE[.NAMESPACE]:PORT", "ADDRESS:PORT", "[ADDRESS]:PORT"
    std::string namespace_name;
    std::string protocol;   ///< may be empty
    std::string interface;  ///< may be empty
};
/// Refuses what cannot be part of a query, which the agent would refuse as well.
base::Result<std::string> trace_target(const TraceQuestion& question);

}  // namespace fairlead::cli
