#pragma once

#include <functional>
#include <string_view>

#include "cli/top.h"
#include "cli/view.h"

namespace fairlead::cli {

/// What the agent's page /connections has of the selected Services.
base::Result<ConnectionsView> fetch_connections(const View& view);

/// Prints the rates of the selected Services once, or until it is killed. `print` is for standard output,
/// `tell` for a line to people, without line end.
base::Result<void> run_top(const View& view, const std::function<void(std::string_view)>& print,
                           const std::function<void(std::string_view)>& tell);

}  // namespace fairlead::cli
