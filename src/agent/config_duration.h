#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace fairlead::agent {

/// A duration as Go writes it and Kubernetes has it in configuration files (Go time.ParseDuration):
/// "24h0m0s", "1.5s", "250ms", "0". Units are ns, us, µs, ms, s, m and h. Refuses what is negative, and what
/// is longer than 290 years.
base::Result<base::Duration> parse_duration(std::string_view text);

/// The other way round (Go time.Duration.String): "24h0m0s", "1.5s", "250ms", "0s".
std::string format_duration(base::Duration duration);

}  // namespace fairlead::agent
