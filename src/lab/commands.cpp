#include "lab/commands.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

#include "base/log.h"
#include "lab/cases.h"
#include "lab/inspect.h"
#include "lab/layout.h"
#include "lab/state.h"
#include "lab/tour.h"
#include "lab/up.h"
#include "lab/workload.h"
#include "output/yaml.h"

namespace fairlead::lab {

namespace {

using base::Result;

int status_of(const Result<void>& result) {
    if (result) return 0;
    std::fprintf(stderr, "fairlead: %s\n", result.error().message.c_str());
    return 1;
}

Result<void> print(const Result<std::string>& text) {
    if (!text) return std::unexpected(text.error());
    std::fputs(text->c_str(), stdout);
    return {};
}

/// Adds --name; the value is checked when the command runs.
std::shared_ptr<std::string> add_name(CLI::App& command) {
    auto name = std::make_shared<std::string>(kDefaultName);
    command
        .add_option("--name", *name,
                    "which lab, if there are several (default: " + std::string(kDefaultName) + ")")
        ->type_name("LAB")
        ->check([](const std::string& text) {
            const auto parsed = parse_lab_name(text);
            return parsed ? std::string{} : parsed.error().message;
        });
    return name;
}

void add_up(CLI::App& lab, int& exit_status) {
    auto* command = lab.add_subcommand(
        "up", "Make a cluster of network namespaces with an agent per node, and run the Pods of a directory");
    auto options = std::make_shared<UpOptions>();
    auto name = add_name(*command);
    command
        ->add_option("-f,--filename", options->manifests,
                     "run the manifests in DIR and follow its changes (default: an example)")
        ->type_name("DIR");
    command->add_option("--nodes", options->node_count, "how many nodes, if DIR has no Nodes (default: 2)")
        ->type_name("N")
        ->check(CLI::Range(1U, kMostNodes));
    command->add_flag("--detach", options->detach, "return when it is up, and run it in the background");
    command->footer(
        "Examples:\n"
        "  fairlead lab up                              an example\n"
        "  fairlead lab up -f examples/shop --detach");
    command->callback([options, name, &exit_status] {
        options->lab = *name;
        exit_status = status_of(run_lab(*options));
    });
}

void add_exec(CLI::App& lab, int& exit_status) {
    auto* command = lab.add_subcommand(
        "exec", "Run a program where a Pod, a node or the client is: lab exec POD -- CMD...");
    auto name = add_name(*command);
    auto place = std::make_shared<std::string>();
    auto arguments = std::make_shared<std::vector<std::string>>();
    command->add_option("place", *place, "a Pod as NAME or NAMESPACE/NAME, a node, or 'client'")
        ->type_name("POD")
        ->required();
    command->add_option("command", *arguments, "the program and its arguments (default: a shell)")
        ->type_name("CMD");
    command->footer(
        "Examples:\n"
        "  fairlead lab exec visitor -- curl -s http://cart\n"
        "  fairlead lab exec node-1 -- fairlead get services -A");
    command->callback([name, place, arguments, &exit_status] {
        exit_status = status_of(std::unexpected(exec_in_lab(*name, *place, *arguments)));
    });
}

struct StatusArguments {
    std::string lab;
    bool all = false;
    std::string format;
    bool watch = false;
};

Result<std::string> status_of_labs(const StatusArguments& arguments) {
    if (arguments.format.empty() || arguments.format == "wide")
        return arguments.all ? labs_text() : status_text(arguments.lab, !arguments.format.empty());
    FAIRLEAD_TRY(const auto json, arguments.all ? labs_json() : status_json(arguments.lab));
    return arguments.format == "json" ? json : output::json_to_yaml(json);
}

/// Prints the status, and with --watch again whenever it is another one.
Result<void> show_status(const StatusArguments& arguments) {
    constexpr auto kPause = std::chrono::seconds(1);
    FAIRLEAD_TRY(auto text, status_of_labs(arguments));
    std::fputs(text.c_str(), stdout);
    while (arguments.watch) {
        std::fflush(stdout);
        std::this_thread::sleep_for(kPause);
        FAIRLEAD_TRY(auto now, status_of_labs(arguments));
        if (now == text) continue;
        const auto* separator = arguments.format == "yaml" ? "---\n" : arguments.format == "json" ? "" : "\n";
        std::fputs((separator + now).c_str(), stdout);
        text = std::move(now);
    }
    return {};
}

void add_status(CLI::App& lab, int& exit_status) {
    auto* command = lab.add_subcommand("status", "Show nodes, Pods and Services of a lab");
    auto name = add_name(*command);
    auto arguments = std::make_shared<StatusArguments>();
    command->add_flag("-A,--all", arguments->all, "list all labs of this machine");
    command->add_option("-o,--output", arguments->format, "wide, json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"wide", "json", "yaml"}).description(""));
    command->add_flag("-w,--watch", arguments->watch, "print it again whenever it changes");
    command->callback([name, arguments, &exit_status] {
        arguments->lab = *name;
        exit_status = status_of(show_status(*arguments));
    });
}

Result<void> take_all_down() {
    FAIRLEAD_TRY(const auto labs, labs_on_this_machine());
    for (const auto& lab : labs) {
        FAIRLEAD_CHECK(take_down(lab));
        std::puts(("lab " + lab + " is gone").c_str());
    }
    return {};
}

void add_down(CLI::App& lab, int& exit_status) {
    auto* command = lab.add_subcommand("down", "End a lab, and remove all that it made, also after a crash");
    auto name = add_name(*command);
    auto all = std::make_shared<bool>(false);
    command->add_flag("-A,--all", *all, "every lab of this machine");
    command->callback(
        [name, all, &exit_status] { exit_status = status_of(*all ? take_all_down() : take_down(*name)); });
}

void add_run(CLI::App& lab, int& exit_status) {
    auto* command =
        lab.add_subcommand("run", "Show a failure and its cure, measured; without CASE: list them");
    auto name = std::make_shared<std::string>();
    command->add_option("case", *name, fmt::format("{}", fmt::join(case_names(), ", ")))->type_name("CASE");
    command->callback([name, &exit_status] {
        exit_status = status_of(name->empty() ? print(cases_text()) : run_case(*name));
    });
}

void add_workload(CLI::App& lab, int& exit_status) {
    auto* command = lab.add_subcommand("workload", "What a lab's Pod runs");
    command->group("");  // hidden
    auto options = std::make_shared<WorkloadOptions>();
    auto ports = std::make_shared<std::vector<std::string>>();
    command->add_option("--identity", options->identity, "what it calls itself")->required();
    command->add_option("--ready-file", options->ready_file, "made once it listens");
    command->add_option("ports", *ports, "PORT/PROTOCOL");
    command->callback([options, ports, &exit_status] {
        for (const auto& text : *ports) {
            const auto port = parse_port(text);
            if (!port) return static_cast<void>(exit_status = status_of(std::unexpected(port.error())));
            options->ports.push_back(*port);
        }
        exit_status = status_of(std::unexpected(run_workload(*options)));
    });
}

}  // namespace

void add_commands(CLI::App& program, int& exit_status) {
    auto* lab = program.add_subcommand("lab", "The whole system on this machine, in network namespaces");
    lab->require_subcommand(1);
    add_up(*lab, exit_status);
    add_exec(*lab, exit_status);
    add_status(*lab, exit_status);
    add_down(*lab, exit_status);
    add_run(*lab, exit_status);
    auto* tour = lab->add_subcommand("tour", "Make a Service, scale it, break it: two minutes of watching");
    tour->callback([&exit_status] { exit_status = status_of(run_tour()); });
    add_workload(*lab, exit_status);
}

}  // namespace fairlead::lab
