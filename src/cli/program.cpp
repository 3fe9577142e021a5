#include "cli/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/json.h"
#include "base/version.h"
#include "cli/build_commit.h"
#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/conntrack_commands.h"
#include "cli/conntrack_flow_commands.h"
#include "cli/dns_commands.h"
#include "cli/man_page.h"
#include "cli/migrate_commands.h"
#include "cli/object_commands.h"
#include "cli/spelling.h"
#include "cli/trace_command.h"
#include "output/yaml.h"

namespace fairlead::cli {

namespace {

constexpr int kUsageError = 2;

std::string version_text() {
    return fmt::format("fairlead {}{}", base::kVersion,
                       build_commit().empty() ? "" : fmt::format(" (commit {})", build_commit()));
}

std::string version_json() {
    return fmt::format(R"({{"version":{},"commit":{},"compiler":{}}})", base::json_quote(base::kVersion),
                       base::json_quote(build_commit()), base::json_quote(__VERSION__));
}

void add_version(CLI::App& program) {
    auto* command = program.add_subcommand("version", "Print version and commit");
    auto format = std::make_shared<std::string>();
    command->add_option("-o,--output", *format, "json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "yaml"}).description(""));
    command->callback([format] {
        auto text = format->empty() ? version_text() + "\n" : version_json() + "\n";
        if (*format == "yaml") text = output::json_to_yaml(version_json()).value_or(text);
        std::cout << text;
    });
}

void add_completion(CLI::App& program, int& exit_status) {
    auto* command = program.add_subcommand("completion", "Print a completion script for a shell");
    auto shell = std::make_shared<std::string>();
    command->add_option("shell", *shell, "bash, zsh or fish")
        ->type_name("SHELL")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
    command->callback([&exit_status, shell] {
        std::cout << completion_script(*shell);
        exit_status = std::cout.flush() ? 0 : 1;
    });
}

/// The hidden command that completion scripts ask.
void add_complete(CLI::App& program, ValueSources sources) {
    sources.merge(object_value_sources());
    sources.merge(conntrack_value_sources());
    auto* command = program.add_subcommand("__complete", "Print what may stand for the last word of a line");
    command->group("");
    auto words = std::make_shared<std::vector<std::string>>();
    command->add_option("words", *words, "the line so far, without the program");
    command->callback([&program, words, sources = std::move(sources)] {
        std::cout << completion_lines(complete(describe_commands(program), sources, *words));
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

/// The innermost command that was named before parsing failed.
const CLI::App& failed_command(const CLI::App& program) {
    const CLI::App* command = &program;
    while (!command->get_subcommands().empty())
        command = command->get_subcommands().back();
    return *command;
}

std::string full_name(const CLI::App& command) {
    const auto* parent = command.get_parent();
    return (parent == nullptr ? "" : full_name(*parent) + " ") + command.get_name();
}

std::string hint(const CLI::App& command) {
    return "See '" + full_name(command) + " --help'.\n";
}

/// Names the first word that nothing was waiting for, and the option that may be meant.
std::string unexpected_word(const CLI::App& command) {
    const auto words = command.remaining();
    if (words.empty()) return "an unexpected argument";
    const auto& word = words.front();
    std::vector<std::string> names;
    for (const auto* option : command.get_options())
        for (const auto& name : option->get_lnames())
            names.push_back("--" + name);
    return "unexpected argument '" + word + "'" +
           (word.starts_with("--") ? did_you_mean(word.substr(0, word.find('=')), names) : "");
}

std::string usage_error(const CLI::App& program, const CLI::Error& error) {
    const auto& command = failed_command(program);
    const bool unexpected = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    return fmt::format("fairlead: {}\n{}", unexpected ? unexpected_word(command) : error.what(),
                       hint(command));
}

/// CLI11's help, where an argument by place is called as its placeholder.
class HelpFormatter : public CLI::Formatter {
  public:
    std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
        return is_positional ? option->get_type_name() : Formatter::make_option_name(option, is_positional);
    }
    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_positional() ? "" : Formatter::make_option_opts(option);
    }
};

}  // namespace

Program make_program() {
    Program program{
        new CLI::App("A node agent for Kubernetes: Service proxying without per-Service rules.", "fairlead"),
        [](CLI::App* app) { delete app; }};
    program->require_subcommand(1);
    program->set_help_all_flag("--help-all", "Print help of every command");
    program->set_version_flag("--version", version_text, "Print version and commit");
    program->failure_message(
        [](const CLI::App* app, const CLI::Error& error) { return usage_error(*app, error); });
    program->formatter(std::make_shared<HelpFormatter>());
    return program;
}

void add_commands(CLI::App& program, int& exit_status, ValueSources sources) {
    add_object_commands(program, exit_status);
    add_migrate_commands(program, exit_status);
    add_trace_command(program, exit_status);
    add_conntrack_commands(program, exit_status);
    add_dns_commands(program, exit_status);
    add_completion(program, exit_status);
    add_man(program, exit_status);
    add_version(program);
    add_complete(program, std::move(sources));
    // Last, because commands take over what the one above them has when they are made.
    program.footer(
        "Examples:\n"
        "  fairlead agent --node n1 --kubeconfig ~/.kube/config\n"
        "  fairlead get services -A\n"
        "  fairlead lab up -f examples\n"
        "  fairlead cleanup");
}

int run(CLI::App& program, int argc, char** argv, const int& exit_status) {
    const std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
    if (const auto unknown = find_unknown_command(program, words)) {
        std::cerr << "fairlead: " << unknown->message << "\n" << hint(*unknown->above);
        return kUsageError;
    }
    auto spelled = spell_out(program, words);
    std::ranges::reverse(spelled);  // CLI11 takes the last one first
    try {
        program.parse(std::move(spelled));
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : kUsageError;
    }
    return exit_status;
}

}  // namespace fairlead::cli
