#pragma once

#include <array>

#include "base/address.h"

namespace fairlead::base {

/// To go through both.
inline constexpr std::array kFamilies = {Family::kIpv4, Family::kIpv6};

}  // namespace fairlead::base
