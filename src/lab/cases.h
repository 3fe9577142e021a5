#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::lab {

/// What `lab run` without a case prints.
std::string cases_text();

/// Runs a case by name and prints what it measured; everything that it makes is removed, also after Ctrl-C.
base::Result<void> run_case(std::string_view name);

}  // namespace fairlead::lab
