#pragma once

#include <string_view>

namespace fairlead::base {

/// The project's version, from the top CMakeLists.txt.
extern const std::string_view kVersion;

}  // namespace fairlead::base
