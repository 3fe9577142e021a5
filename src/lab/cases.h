#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::lab {

/// What `lab run` without a case prints.
std::string cases_text();

std::vector<std::string> case_names();

/// Runs a case by name and prints what it measured; everything that it makes is removed, also after Ctrl-C.
base::Result<void> run_case(std::string_view name);

}  // namespace fairlead::lab
