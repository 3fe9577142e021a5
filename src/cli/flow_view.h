#pragma once

#include <string>

#include "cli/columns.h"
#include "conntrack/flow_names.h"

namespace fairlead::cli {

/// The columns of `conntrack get`. `wide`: with all of them.
Columns::Row flow_heading(bool wide);

/// A flow in these columns, by the names of Services and Pods where they are known, else by addresses.
Columns::Row flow_row(const kernel::conntrack::Flow& flow, const conntrack::FlowNames& names, bool wide);

/// The fields of a flow as `-o json` has them, in braces: kind Flow.
std::string flow_json(const kernel::conntrack::Flow& flow, const conntrack::FlowNames& names);

}  // namespace fairlead::cli
