#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Names the agent's admin address where no option does.
inline constexpr const char* kAdminVariable = "FAIRLEAD_ADMIN_ADDRESS";
/// Where it listens unless it is told otherwise.
inline constexpr const char* kAdminAddress = "127.0.0.1:10249";

/// Adds --admin-address, which is stored in `address`.
void add_admin_address(CLI::App& command, std::string& address);

}  // namespace fairlead::cli
