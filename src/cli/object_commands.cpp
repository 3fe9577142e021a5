#include "cli/object_commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/socket_address.h"
#include "cli/service_view.h"
#include "net/http_client.h"

namespace fairlead::cli {

namespace {

using base::ErrorCode;
using base::Result;

struct ViewArguments {
    std::string resource;
    std::string name;
    std::string namespace_name = "default";
    bool all_namespaces = false;
    std::string output;
    bool watch = false;
    std::string admin_address = "127.0.0.1:10249";
};

/// The body of a page of the agent.
Result<std::string> fetch_page(const std::string& admin_address, const std::string& path) {
    FAIRLEAD_TRY(const auto address, base::SocketAddress::parse(admin_address));
    net::EventLoop loop;
    std::string body;
    unsigned status = 0;
    Result<void> outcome;
    net::HttpHandlers handlers;
    handlers.on_head = [&](const net::HttpHead& head) { status = head.status; };
    handlers.on_body = [&](std::string_view bytes) { body += bytes; };
    handlers.on_end = [&] { loop.stop(); };
    handlers.on_error = [&](base::Error error) {
        outcome = std::unexpected(std::move(error));
        loop.stop();
    };
    const auto exchange = net::send_http(loop, {false, address.address.to_string(), address.port, {}, "", 0},
                                         {"GET", path, {}, ""}, std::move(handlers));
    loop.run();
    if (!outcome) return base::fail_within("the agent does not answer", outcome.error());
    constexpr unsigned kOk = 200;
    if (status != kOk)
        return base::fail(ErrorCode::kInternal, "the agent answered " + std::to_string(status) + ": " + body);
    return body;
}

Result<std::vector<ServiceView>> fetch_services(const ViewArguments& arguments) {
    const std::string query = arguments.all_namespaces ? "" : "?namespace=" + arguments.namespace_name;
    FAIRLEAD_TRY(const auto page, fetch_page(arguments.admin_address, "/services" + query));
    FAIRLEAD_TRY(auto services, parse_services(page));
    if (!arguments.name.empty()) {
        std::erase_if(services, [&](const ServiceView& service) { return service.name != arguments.name; });
        if (services.empty())
            return base::fail(ErrorCode::kNotFound,
                              "no Service '" + arguments.name + "' in namespace " + arguments.namespace_name);
    }
    return services;
}

bool colours() {
    return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

std::string json_list(const std::vector<ServiceView>& services) {
    std::string json = "{\"services\":[";
    for (const auto& service : services)
        json += (json.ends_with('[') ? "" : ",") + service.json;
    return json + "]}\n";
}

Result<void> print(const std::vector<ServiceView>& services, const ViewArguments& arguments, bool heading) {
    std::string text;
    if (arguments.output == "json") {
        text = json_list(services);
    } else if (arguments.output == "yaml") {
        FAIRLEAD_TRY(text, json_to_yaml(json_list(services)));
    } else {
        if (services.empty() && heading)
            std::fprintf(stderr, "No Services found in namespace %s.\n", arguments.namespace_name.c_str());
        if (!services.empty())
            text = services_table(services, arguments.all_namespaces, arguments.output == "wide", colours(),
                                  heading);
    }
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    return {};
}

/// Prints what changed, again and again, until interrupted.
Result<void> watch(std::vector<ServiceView> before, const ViewArguments& arguments) {
    constexpr auto kPause = std::chrono::milliseconds(500);
    for (;;) {
        std::this_thread::sleep_for(kPause);
        FAIRLEAD_TRY(auto now, fetch_services(arguments));
        std::vector<ServiceView> changed;
        std::ranges::copy_if(now, std::back_inserter(changed), [&](const ServiceView& service) {
            return std::ranges::find(before, service) == before.end();
        });
        if (!changed.empty()) FAIRLEAD_CHECK(print(changed, arguments, false));
        before = std::move(now);
    }
}

Result<void> get_services(const ViewArguments& arguments) {
    FAIRLEAD_TRY(auto services, fetch_services(arguments));
    FAIRLEAD_CHECK(print(services, arguments, true));
    return arguments.watch ? watch(std::move(services), arguments) : Result<void>{};
}

Result<void> describe_services(const ViewArguments& arguments) {
    FAIRLEAD_TRY(const auto services, fetch_services(arguments));
    for (std::size_t i = 0; i < services.size(); ++i)
        std::printf("%s%s", i > 0 ? "\n" : "", describe_service(services[i], colours()).c_str());
    return {};
}

void add_view(CLI::App& program, int& exit_status, const char* verb, const char* help,
              Result<void> (*run)(const ViewArguments&), bool lists) {
    auto* command = program.add_subcommand(verb, help);
    auto arguments = std::make_shared<ViewArguments>();
    command->add_option("resource", arguments->resource, "services (svc)")
        ->required()
        ->check(CLI::IsMember({"services", "service", "svc"}));
    command->add_option("name", arguments->name, "of one object only");
    command
        ->add_option("-n,--namespace", arguments->namespace_name, "namespace, 'default' where none is given")
        ->type_name("NAME");
    command->add_flag("-A,--all-namespaces", arguments->all_namespaces, "of every namespace");
    command->add_option("--admin-address", arguments->admin_address, "where the agent's admin page listens")
        ->type_name("ADDRESS:PORT");
    if (lists) {
        command->add_option("-o,--output", arguments->output, "wide, json or yaml")
            ->check(CLI::IsMember({"wide", "json", "yaml"}));
        command->add_flag("-w,--watch", arguments->watch, "go on and print what changes");
    }
    command->callback([arguments, run, &exit_status] {
        const auto done = run(*arguments);
        if (!done) std::fprintf(stderr, "fairlead: %s\n", done.error().message.c_str());
        exit_status = done ? 0 : 1;
    });
}

}  // namespace

void add_object_commands(CLI::App& program, int& exit_status) {
    add_view(program, exit_status, "get", "List what the agent of this node has programmed", get_services,
             true);
    add_view(program, exit_status, "describe", "Show one or all Services in full, with every endpoint",
             describe_services, false);
}

}  // namespace fairlead::cli
