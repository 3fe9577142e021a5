#pragma once

#include "base/result.h"
#include "cli/flow_list.h"
#include "conntrack/flow_selection.h"

namespace fairlead::cli {

/// Prints the flows that are there, then those that come, change and go, until the program is killed. Where
/// the kernel lost events, because they came too fast, an event of type RESYNC says so, and all flows are
/// printed anew.
base::Result<void> watch_flows(const conntrack::FlowSelection& selection, const conntrack::FlowNames& names,
                               FlowFormat format);

}  // namespace fairlead::cli
