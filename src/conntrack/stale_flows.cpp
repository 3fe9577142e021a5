#include "conntrack/stale_flows.h"

#include <algorithm>
#include <map>

namespace fairlead::conntrack {

namespace {

using base::Result;
using kernel::conntrack::ConntrackTable;
using kernel::conntrack::Flow;
using kernel::conntrack::FlowFilter;

// A filter costs the kernel one walk over its table, whatever it filters by.
constexpr std::size_t kFewAddresses = 2;

std::vector<FlowFilter> filters_for(const WatchedServices& services) {
    std::map<std::pair<base::Family, base::L4Protocol>, std::vector<FlowFilter>> filters;
    for (const auto& [place, answers] : services) {
        const auto& [protocol, address, port] = place;
        FlowFilter filter;
        filter.family = address.family();
        filter.protocol = static_cast<std::uint8_t>(protocol);
        filter.original.destination = address;
        filter.original.destination_port = port;
        filters[{address.family(), protocol}].push_back(filter);
    }
    std::vector<FlowFilter> result;
    for (auto& [kind, of_kind] : filters) {
        if (of_kind.size() > kFewAddresses) {
            FlowFilter all;
            all.family = kind.first;
            all.protocol = static_cast<std::uint8_t>(kind.second);
            of_kind = {all};
        }
        std::ranges::copy(of_kind, std::back_inserter(result));
    }
    return result;
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
    std::vector<Flow> stale;
    for (const auto& filter : filters_for(services))
        FAIRLEAD_CHECK(table.for_each_flow(filter, [&](const Flow& flow) {
            if (stale.size() < limit && is_stale(flow, services)) stale.push_back(flow);
        }));
    return stale;
}

}  // namespace fairlead::conntrack
