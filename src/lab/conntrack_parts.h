#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "lab/client_connection.h"
#include "lab/conntrack_stage.h"
#include "lab/segment_trace.h"

namespace fairlead::lab {

/// A transfer during which something happened to it.
struct DisturbedTransfer {
    Transfer transfer;
    NodeCounts counts;  ///< what the node counted meanwhile
    TracedConnection connection;
    std::vector<SeenSegment> seen;  ///< at the client's device, all of it
};

/// The client fetches 1 MiB. In the middle the server's namespace sends a segment of that very connection
/// whose sequence number is 10,000,000 too high, which conntrack calls INVALID.
base::Result<DisturbedTransfer> send_segment_above_window(const ConntrackStage& stage, base::Family family);

/// The client says that it has asked everything (FIN); the server thinks for 2 s and answers 256 KiB then.
/// What becomes of it depends on how long the node remembers such a connection
/// (nf_conntrack_tcp_timeout_close_wait).
base::Result<DisturbedTransfer> answer_late_after_fin(const ConntrackStage& stage, base::Family family);

/// What a node does whose conntrack table is full.
struct FullTable {
    std::size_t entries = 0;  ///< that it took to fill it
    double fill_seconds = 0;
    Transfer old_connection;  ///< one that was there before
    Transfer new_connection;
    NodeCounts counts;    ///< what the node counted while it was full
    Transfer afterwards;  ///< a new one once there is room again
};
base::Result<FullTable> fill_the_table(const ConntrackStage& stage);

}  // namespace fairlead::lab
