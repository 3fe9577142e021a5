#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/nftables/objects.h"
#include "kernel/nftables/transaction.h"
#include "services/frontend.h"

namespace fairlead::services {

// How packets count connections: nat chains see the first packet of a connection only, and behind the
// balancers, at input and postrouting, it shows both the frontend (its original destination) and the
// endpoint. What reaches no endpoint is counted in filter chains, each just before the one that refuses it.
// Nothing else in the table knows of it: it is put in and taken out while connections go on, and a set that
// is full ends a rule that does nothing else.

/// Pairs of frontend and endpoint that are counted at a time in one family; more are not counted. A counter
/// takes 16 bytes for each processor, and the kernel begins at the first element for each few hundred that
/// are read.
inline constexpr std::uint32_t kLargestConnections = 1U << 16U;

/// Why a connection reached no endpoint.
enum class Denial : std::uint8_t {
    kNobody,       ///< rejected: no endpoint can be used
    kPolicy,       ///< dropped: policy Local, and nobody on this node
    kSourceRange,  ///< dropped: not in loadBalancerSourceRanges
};
inline constexpr Denial kDenials[] = {Denial::kNobody, Denial::kPolicy, Denial::kSourceRange};

/// What stands in `connections` in place of the endpoint: the unspecified address, and a port for each
/// reason.
Backend stand_in(base::Family family, Denial denial);
std::optional<Denial> denial_of(const Backend& backend);

/// The set `connections`: frontend . endpoint, with a counter for each. Its keys are those of `alive`, see
/// alive_element and alive_endpoint_of.
kernel::nftables::Set connections_set(base::Family family);
std::vector<kernel::nftables::Chain> counting_chains();
std::vector<kernel::nftables::Rule> counting_rules(base::Family family);

/// Puts all of it into a table that has nothing of it.
void append_counting_to(kernel::nftables::Transaction& transaction, base::Family family);
/// Takes all of it out again, counts included.
void append_counting_removal_to(kernel::nftables::Transaction& transaction);

}  // namespace fairlead::services
