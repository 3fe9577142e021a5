#pragma once

#include "admin/metrics.h"

namespace fairlead::admin {

/// Sets the process_* metrics that Prometheus' client libraries have: memory, processor time, descriptors,
/// start time.
void update_process_metrics(Metrics& metrics);

}  // namespace fairlead::admin
