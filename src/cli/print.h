#pragma once

#include <string_view>

namespace fairlead::cli {

/// Writes to standard output, at once: who reads it from a pipe is not to wait.
void print(std::string_view text);

}  // namespace fairlead::cli
