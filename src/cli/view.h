#pragma once

#include "base/socket_address.h"
#include "cli/service_selection.h"
#include "cli/service_watch.h"

namespace fairlead::cli {

/// What the arguments ask for, once all of them are known to make sense.
struct View {
    base::SocketAddress agent;
    ServiceSelection selection;
    bool single = false;  ///< one object was named, not a list
    OutputFormat format = OutputFormat::kTable;
    bool watch = false;
};

}  // namespace fairlead::cli
