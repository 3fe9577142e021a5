#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"

namespace fairlead::lab {

/// Runs `work` in a process of its own that dies with this one, waits for it, and then removes the lab,
/// whether the work ended, failed, crashed, or SIGINT, SIGTERM or SIGHUP came meanwhile. `work` says itself
/// on standard error why it failed. To be called from a process with one thread.
base::Result<void> run_guarded(std::string_view lab, const std::function<base::Result<void>()>& work,
                               const std::function<base::Result<void>()>& remove);

}  // namespace fairlead::lab
