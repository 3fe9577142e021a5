#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "base/version.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "cli/object_commands.h"

namespace fairlead::cli {

namespace {

constexpr int kUsageError = 2;

void add_version(CLI::App& program) {
    auto* command = program.add_subcommand("version", "Print the version");
    command->callback([] { std::puts(("fairlead " + std::string(base::kVersion)).c_str()); });
}

void add_completion(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand("completion", "Print a completion script for a shell");
    auto shell = std::make_shared<std::string>();
    command->add_option("shell", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->callback([&program, &exit_status, shell] {
        std::cout << completion_script(program, *shell);
        exit_status = std::cout.flush() ? 0 : 1;
    });
}

void add_man(CLI::App& program, int& exit_status) {
    auto* command =
        program.add_subcommand("man", "Print the manual page (view with: fairlead man | man -l -)");
    command->callback([&program, &exit_status] {
        std::cout << man_page(program);
        exit_status = std::cout.flush() ? 0 : 1;
    });
}

}  // namespace

Program make_program() {
    Program program{
        new CLI::App("A node agent for Kubernetes: Service proxying without per-Service rules.", "fairlead"),
        [](CLI::App* app) { delete app; }};
    program->require_subcommand(1);
    program->set_help_all_flag("--help-all", "Print help of every command");
    program->failure_message([](const CLI::App* app, const CLI::Error& error) {
        return "fairlead: " + std::string(error.what()) + "\nSee '" + app->get_name() + " --help'.\n";
    });
    return program;
}

void add_commands(CLI::App& program, int& exit_status) {
    add_object_commands(program, exit_status);
    add_completion(program, exit_status);
    add_man(program, exit_status);
    add_version(program);
}

int run(CLI::App& program, int argc, char** argv, const int& exit_status) {
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : kUsageError;
    }
    return exit_status;
}

}  // namespace fairlead::cli
