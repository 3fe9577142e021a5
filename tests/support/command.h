#pragma once

#include <string>

namespace fairlead::test {

/// Standard output of a shell command; a failing command is named on standard error and gives what it
/// printed.
std::string output_of(const std::string& command);

}  // namespace fairlead::test
