#pragma once

#include <vector>

#include "kernel/nftables/objects.h"
#include "kernel/nftables/transaction.h"
#include "services/frontend.h"

namespace fairlead::services {

// How packets count connections: nat chains see the first packet of a connection only, and behind the
// balancers, at input and postrouting, it shows both the frontend (its original destination) and the
// endpoint. Nothing else in the table knows of it: it is put in and taken out while connections go on, and a
// set that is full ends a rule that does nothing else.

/// Pairs of frontend and endpoint that are counted at a time in one family; more are not counted. A counter
/// takes 16 bytes for each processor, and the kernel begins at the first element for each few hundred that
/// are read.
inline constexpr std::uint32_t kLargestConnections = 1U << 16U;

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
