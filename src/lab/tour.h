#pragma once

#include "base/result.h"

namespace fairlead::lab {

/// Shows a lab at work: prints each command, runs it, and leaves nothing behind, also after Ctrl-C.
base::Result<void> run_tour();

/// Removes what killed tours left: labs that are called as theirs are ("tour" and a process id) and that
/// nobody runs. Other labs, whatever they are called, stay.
base::Result<void> remove_old_tours();

}  // namespace fairlead::lab
