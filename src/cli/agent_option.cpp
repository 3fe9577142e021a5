#include "cli/agent_option.h"

#include <CLI/CLI.hpp>

namespace fairlead::cli {

void add_admin_address(CLI::App& command, std::string& address) {
    command.add_option("--admin-address", address, "where the agent's admin page listens")
        ->type_name("ADDRESS:PORT")
        ->envname(kAdminVariable);
}

}  // namespace fairlead::cli
