#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "base/address.h"
#include "kernel/conntrack/conntrack_table.h"

namespace fairlead::conntrack {

/// An address and a port.
using Place = std::pair<base::IpAddress, std::uint16_t>;
/// What clients address: an address and port of a Service.
using ServicePlace = std::tuple<base::L4Protocol, base::IpAddress, std::uint16_t>;

/// Addresses of Services, each with the places from which answers may come; none: nobody serves it.
using WatchedServices = absl::flat_hash_map<ServicePlace, absl::flat_hash_set<Place>>;

/// The Service address that a flow was opened to, whether or not there is one.
ServicePlace service_place_of(const kernel::conntrack::Flow& flow);

/// True for a flow to one of `services` that leads to a place from which no answer may come, and for a UDP
/// flow that was not translated though somebody serves the address: each further packet would go where the
/// first one went.
bool is_stale(const kernel::conntrack::Flow& flow, const WatchedServices& services);

/// The same for a flow to a Service of whose address it is known whether anybody serves it (`served`), and
/// whether an answer may come from where this flow leads (`may_answer`).
bool is_stale(const kernel::conntrack::Flow& flow, bool served, bool may_answer);

/// Up to so many flows the kernel is asked for those of one address as it is. Until something matches or its
/// table is at its end it lets nothing else onto that processor, neither packets nor threads: about 0.2 us
/// for a flow.
inline constexpr std::uint32_t kSmallTable = 25'000;

/// Stale flows to these Services, `limit` at most. Asks the kernel for the flows of each address where these
/// are few (in a table that is larger with for_each_of_few_flows), else for all flows of their protocols
/// once.
base::Result<std::vector<kernel::conntrack::Flow>> find_stale_flows(kernel::conntrack::ConntrackTable& table,
                                                                    const WatchedServices& services,
                                                                    std::size_t limit);

}  // namespace fairlead::conntrack
