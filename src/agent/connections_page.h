#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "services/connection_totals.h"

namespace fairlead::agent {

struct ConnectionsFacts {
    bool counting = false;
    base::WallTime read_at{};  ///< of the totals; the epoch: not yet
};

/// The page /connections: each Service that had connections or denied some, sorted, with the endpoints that
/// got them, sorted; of a query as parse_service_query takes it.
base::Result<std::string> connections_json(const ConnectionsFacts& facts,
                                           const services::ConnectionTotals& totals,
                                           const services::ServiceProxy& proxy, std::string_view query);

}  // namespace fairlead::agent
