#pragma once

#include "base/result.h"

namespace fairlead::lab {

/// Case 5: what 10,000 Services cost with iptables and with fairlead. Makes, measures and removes everything
/// itself, also after Ctrl-C.
base::Result<void> run_services_case();

}  // namespace fairlead::lab
