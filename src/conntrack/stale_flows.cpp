#include "conntrack/stale_flows.h"

#include <algorithm>
#include <functional>
#include <map>

namespace fairlead::conntrack {

namespace {

using base::Result;
using kernel::conntrack::ConntrackTable;
using kernel::conntrack::Flow;
using kernel::conntrack::FlowFilter;

// A filter costs the kernel one walk over its table, whatever it filters by. Four take as long as to show all
// flows of a protocol once.
constexpr std::size_t kFewAddresses = 3;

using Kinds = std::map<std::pair<base::Family, base::L4Protocol>, std::vector<FlowFilter>>;

/// One filter for each address, by what the kernel can filter.
Kinds exact_filters(const WatchedServices& services) {
    Kinds filters;
    for (const auto& [place, answers] : services) {
        const auto& [protocol, address, port] = place;
        FlowFilter filter;
        filter.family = address.family();
        filter.protocol = static_cast<std::uint8_t>(protocol);
        filter.original.destination = address;
        filter.original.destination_port = port;
        filters[{address.family(), protocol}].push_back(filter);
    }
    return filters;
}

FlowFilter filter_for_all(base::Family family, base::L4Protocol protocol) {
    FlowFilter all;
    all.family = family;
    all.protocol = static_cast<std::uint8_t>(protocol);
    return all;
}

std::vector<FlowFilter> filters_of_small_table(const Kinds& kinds) {
    std::vector<FlowFilter> result;
    for (const auto& [kind, exact] : kinds)
        if (exact.size() > kFewAddresses)
            result.push_back(filter_for_all(kind.first, kind.second));
        else
            std::ranges::copy(exact, std::back_inserter(result));
    return result;
}

/// Filters that let enough through to bring the kernel back every few thousand entries. Flows of IPv6 may be
/// few, and it filters by protocol only together with a family.
std::vector<FlowFilter> filters_of_full_table(const Kinds& kinds) {
    std::vector<FlowFilter> result;
    for (const auto& [kind, exact] : kinds) {
        if (kind.first == base::Family::kIpv6) return {FlowFilter{}};
        result.push_back(filter_for_all(kind.first, kind.second));
    }
    return result;
}

using Visit = std::function<void(const Flow&)>;

Result<void> visit_each(ConntrackTable& table, const std::vector<FlowFilter>& filters, const Visit& visit) {
    for (const auto& filter : filters)
        FAIRLEAD_CHECK(table.for_each_flow(filter, visit));
    return {};
}

/// What a filter of one address lets through is few, what one of a whole protocol does is not.
Result<void> visit_large_table(ConntrackTable& table, const Kinds& kinds, const Visit& visit) {
    for (const auto& [kind, exact] : kinds) {
        if (exact.size() > kFewAddresses) {
            FAIRLEAD_CHECK(visit_each(table, filters_of_full_table({{kind, exact}}), visit));
            continue;
        }
        for (const auto& filter : exact) {
            auto visited = table.for_each_of_few_flows(filter, visit);
            if (visited) continue;
            const auto code = visited.error().code;
            if (code != base::ErrorCode::kUnavailable && code != base::ErrorCode::kUnsupported)
                return visited;
            return visit_each(table, filters_of_full_table(kinds), visit);
        }
    }
    return {};
}

}  // namespace

ServicePlace service_place_of(const Flow& flow) {
    return {static_cast<base::L4Protocol>(flow.protocol), flow.original.destination,
            flow.original.destination_port};
}

bool is_stale(const Flow& flow, const WatchedServices& services) {
    const auto service = services.find(service_place_of(flow));
    if (service == services.end()) return false;
    return is_stale(flow, !service->second.empty(),
                    service->second.contains({flow.reply.source, flow.reply.source_port}));
}

bool is_stale(const Flow& flow, bool served, bool may_answer) {
    const bool translated = (flow.status & kernel::conntrack::status::kDestinationNat) != 0;
    const bool udp = flow.protocol == static_cast<std::uint8_t>(base::L4Protocol::kUdp);
    return translated ? !may_answer : udp && served;
}

Result<std::vector<Flow>> find_stale_flows(ConntrackTable& table, const WatchedServices& services,
                                           std::size_t limit) {
    FAIRLEAD_TRY(const auto flows, table.count());
    const auto kinds = exact_filters(services);
    std::vector<Flow> stale;
    const auto keep_stale = [&](const Flow& flow) {
        if (stale.size() < limit && is_stale(flow, services)) stale.push_back(flow);
    };
    if (flows > kSmallTable)
        FAIRLEAD_CHECK(visit_large_table(table, kinds, keep_stale));
    else
        FAIRLEAD_CHECK(visit_each(table, filters_of_small_table(kinds), keep_stale));
    return stale;
}

}  // namespace fairlead::conntrack
