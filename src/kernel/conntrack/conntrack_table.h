#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "kernel/conntrack/cpu_stats.h"
#include "kernel/conntrack/flow.h"
#include "kernel/conntrack/flow_filter.h"

namespace fairlead::kernel::conntrack {

/// What features see of the connection tracking table of the network namespace that the program runs in.
/// One thread uses one object. NetlinkConntrackTable is the kernel, FakeConntrackTable the test double that a
/// contract test holds to it.
class ConntrackTable {
  public:
    virtual ~ConntrackTable() = default;

    /// Calls `visit` for each flow that matches, in no order. No snapshot: flows come and go meanwhile, and
    /// when they do one of the others may be visited twice, with the same id; one that stays is not missed,
    /// unless somebody changes the size of the hash table just then. `visit` may delete flows.
    /// kInvalid for a filter that contradicts itself; kBusy when a part got lost: not all were visited.
    virtual base::Result<void> for_each_flow(const FlowFilter& filter,
                                             const std::function<void(const Flow&)>& visit) = 0;

    /// The same until `visit` says that it has enough; true if all were visited. The kernel goes through its
    /// table in the order of a keyed hash of the flows' tuples: those that come first are as good as drawn at
    /// random.
    virtual base::Result<bool> visit_while(const FlowFilter& filter,
                                           const std::function<bool(const Flow&)>& visit) = 0;

    /// As for_each_flow, for a filter that few flows of a large table match: without that the kernel lets
    /// nothing else onto its processor for long. With entries of our own among the flows for as long as it
    /// takes, which are not visited. kUnsupported for a filter that is not of one family and of TCP or UDP,
    /// or of a status; kUnavailable where the table has no room for more.
    virtual base::Result<void> for_each_of_few_flows(const FlowFilter& filter,
                                                     const std::function<void(const Flow&)>& visit) = 0;

    /// Deletes the flows that match, and nothing else on any kernel; the number of those that it deleted.
    /// kInvalid for a filter that contradicts itself, or that names nothing and so would delete everything.
    virtual base::Result<std::size_t> delete_matching(const FlowFilter& filter) = 0;

    /// Deletes these flows, found by original tuple, zone and id; a flow with another id stays. What is gone
    /// already is no error. The number of those that it deleted.
    virtual base::Result<std::size_t> delete_flows(std::span<const Flow> flows) = 0;

    /// Flows in this namespace. Cheap, whatever the number.
    virtual base::Result<std::uint32_t> count() = 0;
    /// How many flows each namespace may have (nf_conntrack_max); nullopt if this kernel does not tell.
    virtual base::Result<std::optional<std::uint32_t>> max() = 0;
    /// One per possible CPU.
    virtual base::Result<std::vector<CpuStats>> stats() = 0;

    /// False if it was gone already.
    base::Result<bool> delete_flow(const Flow& flow) {
        FAIRLEAD_TRY(const std::size_t deleted, delete_flows({&flow, 1}));
        return deleted > 0;
    }
};

}  // namespace fairlead::kernel::conntrack
