#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace fairlead::agent {

/// A whole number in these bounds.
base::Result<std::int64_t> parse_number(const std::string& text, std::int64_t low, std::int64_t high);

}  // namespace fairlead::agent
