#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/address.h"
#include "kernel/conntrack/conntrack_table.h"

namespace fairlead::conntrack {

/// An address and a port.
using Place = std::pair<base::IpAddress, std::uint16_t>;

/// UDP addresses of Services, each with the places from which answers may come; none: nobody serves it.
using UdpServices = absl::flat_hash_map<Place, absl::flat_hash_set<Place>>;

/// True for a UDP flow to one of `services` that leads to a place where nobody serves it, or that was not
/// translated though somebody does: each further packet would go where the first one went.
bool is_stale(const kernel::conntrack::Flow& flow, const UdpServices& services);

/// Deletes the stale UDP flows to these Services; the number of those that it deleted. Asks the kernel for
/// the flows of each address where these are few, else for all UDP flows once.
base::Result<std::size_t> delete_stale_flows(kernel::conntrack::ConntrackTable& table,
                                             const UdpServices& services);

}  // namespace fairlead::conntrack
