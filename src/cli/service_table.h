#pragma once

#include <string>
#include <vector>

#include "cli/service_view.h"

namespace fairlead::cli {

struct TableStyle {
    bool all_namespaces = false;  ///< a column with the namespace
    bool wide = false;            ///< a column with the endpoints
    bool colour = false;          ///< states in terminal colours (ECMA-48 SGR)
    bool connections = false;     ///< a column with ServiceView::connections
};

/// Services in columns as kubectl prints them, over any number of calls: the heading comes once, and columns
/// never get narrower.
class ServiceTable {
  public:
    explicit ServiceTable(TableStyle style) : style_(style) {}

    /// One line for each Service; nothing for none.
    std::string lines(const std::vector<ServiceView>& services);

  private:
    TableStyle style_;
    std::vector<std::size_t> widths_;
    bool headed_ = false;
};

/// A state with the colour that says whether it is a good one.
std::string coloured(const std::string& state, bool colour);

}  // namespace fairlead::cli
