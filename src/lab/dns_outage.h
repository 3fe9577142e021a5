#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "lab/dns_load.h"
#include "lab/dns_stage.h"

namespace fairlead::lab {

/// A stretch of time in the life of the node whose queries are intercepted.
struct OutagePhase {
    LookupSummary lookups;  ///< that ended in it
    double seconds = 0;
    std::size_t queries_at_cluster_dns = 0;
};
struct Outage {
    OutagePhase before;
    OutagePhase killed;     ///< from SIGKILL until the agent is started again
    OutagePhase restarted;  ///< until it ends search walks again
    OutagePhase recovered;
};

/// Kills the agent that intercepts under the load of DnsLoad, and starts it again 2 s later.
base::Result<Outage> kill_under_load(DnsStage& stage);

}  // namespace fairlead::lab
