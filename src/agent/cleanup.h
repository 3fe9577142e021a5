#pragma once

#include <string>

#include "base/result.h"
#include "net/namespace_lock.h"

namespace fairlead::agent {

/// Held by the agent of a network namespace as long as it runs: two writers of the same tables would undo
/// each other's work for ever. kExists names the one that is there.
base::Result<net::NamespaceLock> lock_this_namespace();

/// Removes what is left of the interception of DNS queries. True if there was anything.
base::Result<bool> remove_interception();

/// Removes all that fairlead made in nftables here, and says what it was. Refused while an agent is running,
/// which would put it back, unless `force`.
base::Result<std::string> remove_everything(bool force);

}  // namespace fairlead::agent
