#pragma once

#include "base/result.h"

namespace fairlead::lab {

/// Shows a lab at work: prints each command, runs it, and leaves nothing behind, also after Ctrl-C.
base::Result<void> run_tour();

}  // namespace fairlead::lab
