#include "cli/report_options.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/conntrack_output.h"
#include "output/yaml.h"

namespace fairlead::cli {

void add_report_options(CLI::App& command, ReportOptions& options, const char* rows_names,
                        const char* rows_help) {
    command.add_option(rows_names, options.rows, rows_help)
        ->type_name("NUMBER")
        ->check(CLI::PositiveNumber.description(""));
    command.add_option("-o,--output", options.output, "wide, json or yaml")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"wide", "json", "yaml"}).description(""));
    add_admin_address(command, options.admin_address);
}

void run_report(CLI::App& command, const ReportOptions& options, int& exit_status,
                std::function<base::Result<void>(const base::SocketAddress& agent)> run) {
    command.callback([&command, &options, &exit_status, run = std::move(run)] {
        const auto agent = base::SocketAddress::parse(options.admin_address);
        if (!agent) throw CLI::ValidationError(command.get_name(), agent.error().message);
        exit_status = status_of(run(*agent));
    });
}

base::Result<void> print_report(const ReportOptions& options,
                                const std::function<std::string(bool wide)>& text,
                                const std::function<std::string()>& json) {
    if (options.output == "yaml") {
        FAIRLEAD_TRY(const auto yaml, output::json_to_yaml(json()));
        print(yaml);
    } else {
        print(options.output == "json" ? json() + "\n" : text(options.output == "wide"));
    }
    return {};
}

}  // namespace fairlead::cli
