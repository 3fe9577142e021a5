#include "cli/object_commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <thread>

#include "cli/agent_client.h"
#include "cli/agent_option.h"
#include "cli/describe_service.h"
#include "cli/print.h"
#include "cli/service_selection.h"
#include "cli/service_watch.h"
#include "cli/top_command.h"
#include "cli/view.h"
#include "net/files.h"
#include "output/yaml.h"

namespace fairlead::cli {

namespace {

using base::ErrorCode;
using base::Result;

struct ViewArguments {
    std::string resource;
    std::vector<std::string> names;
    std::string namespace_name = "default";
    bool all_namespaces = false;
    std::string output;
    bool watch = false;
    std::string admin_address = kAdminAddress;
};

OutputFormat format_of(std::string_view text) {
    if (text == "json") return OutputFormat::kJson;
    if (text == "yaml") return OutputFormat::kYaml;
    return text == "wide" ? OutputFormat::kWide : OutputFormat::kTable;
}

Result<View> view_of(const ViewArguments& arguments) {
    FAIRLEAD_TRY(const auto agent, base::SocketAddress::parse(arguments.admin_address));
    FAIRLEAD_TRY(auto names, parse_names(arguments.resource, arguments.names));
    const bool single = names.size() == 1 && !arguments.all_namespaces;
    const auto namespace_name = arguments.all_namespaces ? std::string{} : arguments.namespace_name;
    return View{
        agent, {namespace_name, std::move(names)}, single, format_of(arguments.output), arguments.watch};
}

bool colours() {
    return isatty(STDOUT_FILENO) == 1 && net::environment("NO_COLOR").empty();
}

void tell(std::string_view line) {
    std::fprintf(stderr, "fairlead: %.*s\n", static_cast<int>(line.size()), line.data());
}

/// The selected Services of an agent, and the page's tag; nullopt if it is the page of `etag` still.
Result<std::optional<std::vector<ServiceView>>> fetch_services(const View& view, std::string& etag) {
    FAIRLEAD_TRY(const auto page, fetch_page(view.agent, view.selection.target(), etag));
    if (page.unchanged) return std::nullopt;
    etag = page.etag;
    FAIRLEAD_TRY(auto services, parse_services(page.body));
    std::erase_if(services, [&](const ServiceView& service) { return !view.selection.matches(service); });
    return services;
}

/// Says for each Service how many connections it had, if the agent counts them.
void add_connections(const View& view, std::vector<ServiceView>& services) {
    const auto connections = fetch_connections(view);
    if (!connections || !connections->counting) return;
    for (auto& service : services) {
        const auto* found = connections->find(service.namespace_name, service.name);
        service.connections = found == nullptr ? 0 : found->connections;
        service.denied = found == nullptr ? 0 : found->denied;
    }
}

/// Fails if a Service that was named is not among these.
Result<void> check_found(const View& view, const std::vector<ServiceView>& services) {
    std::string text;
    for (const auto& name : view.selection.missing(services))
        text += (text.empty() ? "no Service " : ", ") + name;
    if (text.empty()) return {};
    return base::fail(ErrorCode::kNotFound, text + " " + view.selection.place());
}

/// Says on standard error why there is nothing to see.
void explain_nothing(const View& view) {
    const bool ready = agent_is_ready(view.agent).value_or(true);
    tell("no Services " + view.selection.place() + (ready ? "" : "; the agent is still starting"));
}

Result<std::string> list_text(const View& view, const std::vector<ServiceView>& services) {
    const bool all_namespaces = view.selection.namespace_name.empty();
    if (view.format == OutputFormat::kTable || view.format == OutputFormat::kWide)
        return ServiceTable{{all_namespaces, view.format == OutputFormat::kWide, colours(),
                             view.format == OutputFormat::kWide}}
            .lines(services);
    const auto json = view.single ? service_json(services.front()) : service_list_json(services);
    return view.format == OutputFormat::kJson ? json + "\n" : output::json_to_yaml(json);
}

Result<void> watch_services(const View& view, std::vector<ServiceView> services, std::string etag) {
    constexpr auto kPause = std::chrono::milliseconds(500);
    ServiceWatch watch{view.format, {view.selection.namespace_name.empty(), false, colours()}};
    FAIRLEAD_TRY(const auto text, watch.update(std::move(services)));
    print(text);
    WatchSources sources;
    sources.poll = [&](bool afresh) {
        if (afresh) etag.clear();
        return fetch_services(view, etag);
    };
    sources.ready = [&] { return agent_is_ready(view.agent); };
    sources.pause = [&] {
        std::this_thread::sleep_for(kPause);
        return true;
    };
    sources.print = print;
    sources.tell = tell;
    return run_watch(watch, sources);
}

Result<void> get_services(const View& view) {
    std::string etag;
    FAIRLEAD_TRY(const auto fetched, fetch_services(view, etag));
    auto services = fetched.value_or(std::vector<ServiceView>{});
    auto found = check_found(view, services);
    if (found && services.empty()) explain_nothing(view);
    if (view.format == OutputFormat::kWide && !view.watch) add_connections(view, services);
    if (found && view.watch) return watch_services(view, services, etag);
    if (found || !services.empty()) {
        FAIRLEAD_TRY(const auto text, list_text(view, services));
        print(text);
    }
    return found;
}

Result<void> top_services(const View& view) {
    if (!view.selection.names.empty()) {
        std::string etag;
        FAIRLEAD_TRY(const auto services, fetch_services(view, etag));
        FAIRLEAD_CHECK(check_found(view, services.value_or(std::vector<ServiceView>{})));
    }
    return run_top(view, print, tell);
}

/// The whole table of connections is looked through for each Service: not for all of a cluster.
constexpr std::size_t kServicesWithFlows = 10;

Result<void> describe_services(const View& view) {
    std::string etag;
    FAIRLEAD_TRY(const auto fetched, fetch_services(view, etag));
    const auto services = fetched.value_or(std::vector<ServiceView>{});
    auto done = check_found(view, services);
    if (done && services.empty()) explain_nothing(view);
    for (bool first = true; const auto& service : services) {
        auto text = describe_service(view.agent, service, services.size() <= kServicesWithFlows, colours());
        if (text)
            print((std::exchange(first, false) ? "" : "\n") + *text);
        else  // It may have gone meanwhile.
            done = std::unexpected(std::move(text).error());
    }
    return done;
}

void add_output(CLI::App& command, ViewArguments& arguments, const char* watch_help) {
    command.add_option("-o,--output", arguments.output, "wide, json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"wide", "json", "yaml"}).description(""));
    command.add_flag("-w,--watch", arguments.watch, watch_help);
}

/// The Services that the options on a line select; none if the agent cannot be asked.
std::vector<ServiceView> services_on_line(const OptionValues& options) {
    const auto value = [&](std::string_view name, const std::string& otherwise) {
        const auto found = options.find(name);
        return found == options.end() ? otherwise : found->second;
    };
    ViewArguments arguments;
    arguments.resource = "services";
    arguments.namespace_name = value("--namespace", arguments.namespace_name);
    arguments.all_namespaces = options.contains("--all-namespaces");
    const auto address = net::environment(kAdminVariable);
    arguments.admin_address = value("--admin-address", address.empty() ? arguments.admin_address : address);
    const auto view = view_of(arguments);
    std::string etag;
    if (!view || !why_no_label(arguments.namespace_name).empty()) return {};
    const auto services = fetch_services(*view, etag);
    return services ? services->value_or(std::vector<ServiceView>{}) : std::vector<ServiceView>{};
}

/// What `member` is for each of these, sorted, each once.
std::vector<std::string> names_of(const std::vector<ServiceView>& services,
                                  std::string ServiceView::* member) {
    std::set<std::string> names;
    for (const auto& service : services)
        names.insert(service.*member);
    return {names.begin(), names.end()};
}

/// `watch_help`: what it does with -w; null if it describes instead of listing.
CLI::App* add_view(CLI::App& program, int& exit_status, const char* verb, const char* help,
                   Result<void> (*run)(const View&), const char* watch_help) {
    auto* command = program.add_subcommand(verb, help);
    auto arguments = std::make_shared<ViewArguments>();
    command->add_option("resource", arguments->resource, "services (svc), or svc/NAME")
        ->type_name("RESOURCE")
        ->required()
        ->check(why_no_resource);
    command->add_option("name", arguments->names, "only these")->type_name("SERVICE");
    command
        ->add_option("-n,--namespace", arguments->namespace_name, "namespace, 'default' where none is given")
        ->type_name("NAMESPACE")
        ->check(why_no_label);
    command->add_flag("-A,--all-namespaces", arguments->all_namespaces, "of every namespace");
    add_admin_address(*command, arguments->admin_address);
    if (watch_help != nullptr) add_output(*command, *arguments, watch_help);
    command->callback([arguments, run, verb, &exit_status] {
        const auto view = view_of(*arguments);
        if (!view) throw CLI::ValidationError(verb, view.error().message);
        const auto done = run(*view);
        if (!done) tell(done.error().message);
        exit_status = done ? 0 : 1;
    });
    return command;
}

}  // namespace

void add_object_commands(CLI::App& program, int& exit_status) {
    add_view(program, exit_status, "get", "List what the agent of this node has programmed", get_services,
             "go on and print what changes; as json or yaml: events ADDED, MODIFIED, DELETED")
        ->footer(
            "Examples:\n"
            "  fairlead get services -A              every Service, one a line\n"
            "  fairlead get svc cart -n shop -o yaml\n"
            "  fairlead get svc -n shop -w           and what changes, until Ctrl-C\n"
            "  fairlead get svc -A -o json | jq '.items[].name'");
    add_view(program, exit_status, "top", "Show which Services get how many new connections a second",
             top_services, "go on and print every two seconds")
        ->footer(
            "Examples:\n"
            "  fairlead top services -A              the busiest first, with their busiest endpoint\n"
            "  fairlead top svc cart -n shop -o wide\n"
            "  fairlead top svc -n shop -w           again and again, until Ctrl-C");
    add_view(program, exit_status, "describe", "Show one or all Services in full, with every endpoint",
             describe_services, nullptr)
        ->footer(
            "Examples:\n"
            "  fairlead describe svc cart -n shop\n"
            "  fairlead describe svc/cart svc/till -n shop");
}

ValueSources object_value_sources() {
    ValueSources sources;
    sources["RESOURCE"] = [](const OptionValues&) { return std::vector<std::string>{"services"}; };
    sources["SERVICE"] = [](const OptionValues& options) {
        return names_of(services_on_line(options), &ServiceView::name);
    };
    sources["NAMESPACE"] = [](OptionValues options) {
        options.try_emplace("--all-namespaces");
        return names_of(services_on_line(options), &ServiceView::namespace_name);
    };
    return sources;
}

}  // namespace fairlead::cli
