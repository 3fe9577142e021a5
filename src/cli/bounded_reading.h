#pragma once

#include <functional>

#include "base/time.h"
#include "kernel/conntrack/conntrack_table.h"

namespace fairlead::cli {

/// A reading of the table takes no longer than this, unless all is wanted: a second in all, with the agent's
/// answer.
inline constexpr base::Duration kReadingTime = std::chrono::milliseconds(700);

/// Visits all flows, or as many as the time allows; true if they were all. The kernel filters nothing: while
/// it looks for what a filter wants it leaves its processor to nobody (docs/conntrack.md, "Flows that lead
/// nowhere").
base::Result<bool> visit_for(kernel::conntrack::ConntrackTable& table, base::Duration time,
                             const std::function<void(const kernel::conntrack::Flow&)>& visit);

}  // namespace fairlead::cli
