#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/socket_address.h"
#include "cli/agent_option.h"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// What a command that lists what it learnt from the agent is told about the list.
struct ReportOptions {
    std::size_t rows = 0;  ///< at most; 0: not said
    std::string output;    ///< empty, "wide", "json" or "yaml"
    std::string admin_address = kAdminAddress;
};

/// Adds --output, --admin-address, and `rows_names` for the number of rows.
void add_report_options(CLI::App& command, ReportOptions& options, const char* rows_names,
                        const char* rows_help);

/// Lets `command` call `run` with the agent's address, and leave 0 in `exit_status`, or 1 after the error was
/// told. `options` lives as long as the command.
void run_report(CLI::App& command, const ReportOptions& options, int& exit_status,
                std::function<base::Result<void>(const base::SocketAddress& agent)> run);

/// Prints what the output format asks for: `text(wide)` for people, or the document that `json()` is.
base::Result<void> print_report(const ReportOptions& options,
                                const std::function<std::string(bool wide)>& text,
                                const std::function<std::string()>& json);

}  // namespace fairlead::cli
