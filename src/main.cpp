#include "agent/commands.h"
#include "cli/program.h"
#include "lab/commands.h"

int main(int argc, char** argv) {
    int exit_status = 0;
    const auto program = fairlead::cli::make_program();
    fairlead::agent::add_commands(*program, exit_status);
    fairlead::lab::add_commands(*program, exit_status);
    fairlead::cli::add_commands(*program, exit_status);
    return fairlead::cli::run(*program, argc, argv, exit_status);
}
