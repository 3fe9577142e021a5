#pragma once

#include <string_view>

namespace fairlead::cli {

/// The commit that this program was built from, "-dirty" behind it if files differed; empty if it was not
/// built in a clone. Made by cmake/WriteCommit.cmake.
std::string_view build_commit();

}  // namespace fairlead::cli
