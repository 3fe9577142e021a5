#pragma once

#include "base/result.h"

namespace fairlead::lab {

/// Case 1: what lookups of Pods cost with ndots 5, by a plain cluster DNS and by fairlead's interception, and
/// what kill -9 of the agent does to them. Makes, measures and removes everything itself, also after Ctrl-C.
base::Result<void> run_dns_case();

}  // namespace fairlead::lab
