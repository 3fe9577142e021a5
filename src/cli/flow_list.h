#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flow_view.h"

namespace fairlead::cli {

enum class FlowFormat { kTable, kWide, kJson, kYaml };

/// "wide", "json", "yaml"; anything else is the table.
FlowFormat format_of_flows(std::string_view text);

/// Prints flows one after the other, in memory that is bounded whatever their number.
class FlowList {
  public:
    /// `names` must outlive it.
    FlowList(FlowFormat format, const conntrack::FlowNames& names,
             std::function<void(std::string_view)> print)
        : format_(format), names_(names), print_(std::move(print)) {}

    void add(const kernel::conntrack::Flow& flow);
    /// Prints the rest; how many there were. A table without flows has no heading either.
    std::size_t finish();

  private:
    [[nodiscard]] bool is_table() const {
        return format_ == FlowFormat::kTable || format_ == FlowFormat::kWide;
    }
    void print_rows();
    [[nodiscard]] std::string item(const kernel::conntrack::Flow& flow) const;

    FlowFormat format_;
    const conntrack::FlowNames& names_;
    std::function<void(std::string_view)> print_;
    Columns columns_;
    std::vector<Columns::Row> rows_;
    std::string text_;
    std::size_t flows_ = 0;
};

}  // namespace fairlead::cli
