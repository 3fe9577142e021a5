#include "cli/flow_events.h"

#include <fmt/format.h>

#include <utility>

#include "output/yaml.h"

namespace fairlead::cli {

namespace {

constexpr std::string_view kResync = "events were lost; all flows that are there now follow";

}  // namespace

std::string FlowEvents::text(std::string_view type, const kernel::conntrack::Flow& flow) {
    if (!is_table())
        return document(fmt::format(R"({{"type":"{}","object":{}}})", type, flow_json(flow, names_)));
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

std::string FlowEvents::resync_text() const {
    // No row of the table, whose columns would be as wide as the sentence.
    if (is_table()) return fmt::format("RESYNC: {}\n", kResync);
    return document(fmt::format(R"({{"type":"RESYNC","object":{{"message":"{}"}}}})", kResync));
}

std::string FlowEvents::document(const std::string& json) const {
    if (format_ == FlowFormat::kJson) return json + "\n";
    // The text is JSON of our own.
    return "---\n" + output::json_to_yaml(json).value_or("");
}

}  // namespace fairlead::cli
