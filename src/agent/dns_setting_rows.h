#pragma once

#include <span>

#include "agent/config.h"

namespace fairlead::agent {

/// The settings of the group `dns`.
std::span<const Setting> dns_setting_rows();

}  // namespace fairlead::agent
