#include "cli/service_flows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace fairlead::cli {

namespace {

using base::Result;
using kernel::conntrack::Flow;

FlowDestination destination_of(const Flow& flow) {
    return {flow.original.destination, static_cast<base::L4Protocol>(flow.protocol),
            flow.original.destination_port};
}

}  // namespace

Result<FlowSummary> summarize_flows(kernel::conntrack::ConntrackTable& table,
                                    std::span<const FlowDestination> destinations, base::Duration time) {
    const std::set<FlowDestination> wanted(destinations.begin(), destinations.end());
    std::map<std::pair<base::L4Protocol, std::string>, std::size_t> counts;
    FlowSummary summary;
    FAIRLEAD_TRY(summary.in_table, table.count());
    const auto visit = [&](const Flow& flow) {
        ++summary.read;
        if (!wanted.contains(destination_of(flow))) return;
        ++summary.flows;
        if (summary.first_flows.size() < kFirstFlows) summary.first_flows.push_back(describe(flow));
        ++counts[{static_cast<base::L4Protocol>(flow.protocol),
                  base::format_endpoint(flow.reply.source, flow.reply.source_port)}];
    };
    FAIRLEAD_TRY(summary.whole, visit_for(table, time, visit));
    if (summary.whole) summary.in_table = summary.read;  // it may have changed meanwhile
    for (const auto& [group, flows] : counts)
        summary.groups.push_back({group.first, group.second, flows});
    std::ranges::stable_sort(summary.groups, std::ranges::greater{}, &FlowSummary::Group::flows);
    return summary;
}

std::size_t FlowSummary::scaled(std::size_t read_flows) const {
    return whole || read == 0 ? read_flows : read_flows * std::max(read, in_table) / read;
}

std::string flows_text(const Result<FlowSummary>& summary) {
    constexpr std::size_t kShownGroups = 20;
    if (!summary) return "Flows:  <unknown>: " + summary.error().message + "\n";
    const auto sample =
        summary->whole ? "" : fmt::format(" in a sample of {} of {}", summary->read, summary->in_table);
    if (summary->flows == 0) return "Flows:  <none>" + sample + "\n";
    const auto number = [&](std::size_t flows) {
        return fmt::format("{}{}", summary->whole ? "" : "~", summary->scaled(flows));
    };
    auto text = fmt::format("Flows:  {}{}\n", number(summary->flows),
                            summary->whole ? "" : fmt::format(", {}{}", summary->flows, sample));
    const auto shown = std::min(summary->groups.size(), kShownGroups);
    for (const auto& group : std::span{summary->groups}.first(shown))
        text += fmt::format("  {:>8} {} {}\n", number(group.flows), base::name_of(group.protocol),
                            group.endpoint);
    if (shown < summary->groups.size())
        text += fmt::format("  and to {} other endpoints\n", summary->groups.size() - shown);
    for (const auto& flow : summary->first_flows)
        text += "  " + flow + "\n";
    if (summary->flows > summary->first_flows.size()) text += "  ...\n";
    return text;
}

}  // namespace fairlead::cli
