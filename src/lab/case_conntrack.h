#pragma once

#include "base/result.h"

namespace fairlead::lab {

/// Case 2: what conntrack does to connections through a Service, and what helps: a segment above the window,
/// a full table, an answer after FIN. Makes, shows and removes everything itself, also after Ctrl-C.
base::Result<void> run_conntrack_case();

}  // namespace fairlead::lab
