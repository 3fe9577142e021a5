#include "cli/service_flows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace fairlead::cli {

namespace {

using base::Result;
using kernel::conntrack::Flow;
using kernel::conntrack::FlowFilter;

/// More walks through the table than this cost more than one that looks at everything.
constexpr std::size_t kWalks = 8;

std::vector<FlowFilter> filters_for(const std::set<FlowDestination>& destinations) {
    std::set<base::IpAddress> addresses;
    for (const auto& destination : destinations)
        addresses.insert(destination.address);
    if (addresses.size() > kWalks) return {FlowFilter{}};
    std::vector<FlowFilter> filters;
    for (const auto& address : addresses) {
        FlowFilter filter;
        filter.original.destination = address;
        filters.push_back(filter);
    }
    return filters;
}

FlowDestination destination_of(const Flow& flow) {
    return {flow.original.destination, static_cast<base::L4Protocol>(flow.protocol),
            flow.original.destination_port};
}

}  // namespace

Result<FlowSummary> summarize_flows(kernel::conntrack::ConntrackTable& table,
                                    std::span<const FlowDestination> destinations) {
    const std::set<FlowDestination> wanted(destinations.begin(), destinations.end());
    std::map<std::pair<base::L4Protocol, std::string>, std::size_t> counts;
    FlowSummary summary;
    const auto visit = [&](const Flow& flow) {
        if (!wanted.contains(destination_of(flow))) return;
        ++summary.flows;
        if (summary.first_flows.size() < kFirstFlows) summary.first_flows.push_back(describe(flow));
        ++counts[{static_cast<base::L4Protocol>(flow.protocol),
                  base::format_endpoint(flow.reply.source, flow.reply.source_port)}];
    };
    for (const auto& filter : filters_for(wanted))
        FAIRLEAD_CHECK(table.for_each_flow(filter, visit));
    for (const auto& [group, flows] : counts)
        summary.groups.push_back({group.first, group.second, flows});
    std::ranges::stable_sort(summary.groups, std::ranges::greater{}, &FlowSummary::Group::flows);
    return summary;
}

std::string flows_text(const Result<FlowSummary>& summary) {
    constexpr std::size_t kShownGroups = 20;
    if (!summary) return "Flows:  <unknown>: " + summary.error().message + "\n";
    if (summary->flows == 0) return "Flows:  <none>\n";
    auto text = fmt::format("Flows:  {}\n", summary->flows);
    const auto shown = std::min(summary->groups.size(), kShownGroups);
    for (const auto& group : std::span{summary->groups}.first(shown))
        text += fmt::format("  {:>8} {} {}\n", group.flows, base::name_of(group.protocol), group.endpoint);
    if (shown < summary->groups.size())
        text += fmt::format("  and to {} other endpoints\n", summary->groups.size() - shown);
    for (const auto& flow : summary->first_flows)
        text += "  " + flow + "\n";
    if (summary->flows > summary->first_flows.size()) text += "  ...\n";
    return text;
}

}  // namespace fairlead::cli
