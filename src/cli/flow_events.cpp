#include "cli/flow_events.h"

#include <fmt/format.h>

#include <utility>

#include "output/yaml.h"

namespace fairlead::cli {

std::string FlowEvents::text(std::string_view type, const kernel::conntrack::Flow& flow) {
    if (format_ == FlowFormat::kTable || format_ == FlowFormat::kWide) {
        const bool wide = format_ == FlowFormat::kWide;
        std::vector<Columns::Row> rows;
        if (!std::exchange(headed_, true)) {
            rows.push_back(flow_heading(wide));
            rows.back().insert(rows.back().begin(), "EVENT");
        }
        rows.push_back(flow_row(flow, names_, wide));
        rows.back().insert(rows.back().begin(), std::string(type));
        return columns_.lines(rows);
    }
    const auto json = fmt::format(R"({{"type":"{}","object":{}}})", type, flow_json(flow, names_));
    if (format_ == FlowFormat::kJson) return json + "\n";
    // The text is JSON of our own.
    return "---\n" + output::json_to_yaml(json).value_or("");
}

}  // namespace fairlead::cli
