#include "conntrack/stale_flows.h"

#include <algorithm>
#include <array>

namespace fairlead::conntrack {

namespace {

using base::Result;
using kernel::conntrack::ConntrackTable;
using kernel::conntrack::Flow;
using kernel::conntrack::FlowFilter;

constexpr auto kUdp = static_cast<std::uint8_t>(base::L4Protocol::kUdp);

// A filter costs the kernel one walk over its table, whatever it filters by.
constexpr std::size_t kFewAddresses = 2;

// What is held in memory at a time; where there is more, the table is walked again.
constexpr std::size_t kLargestBatch = 65'536;

std::vector<FlowFilter> filters_for(const UdpServices& services) {
    std::array<std::vector<FlowFilter>, 2> filters;
    for (const auto& [place, answers] : services) {
        FlowFilter filter;
        filter.family = place.first.family();
        filter.protocol = kUdp;
        filter.original.destination = place.first;
        filter.original.destination_port = place.second;
        filters[place.first.family() == base::Family::kIpv4 ? 0 : 1].push_back(filter);
    }
    std::vector<FlowFilter> result;
    for (auto& of_family : filters) {
        if (of_family.size() > kFewAddresses) {
            FlowFilter all;
            all.family = of_family.front().family;
            all.protocol = kUdp;
            of_family = {all};
        }
        std::ranges::copy(of_family, std::back_inserter(result));
    }
    return result;
}

}  // namespace

bool is_stale(const Flow& flow, const UdpServices& services) {
    if (flow.protocol != kUdp) return false;
    const auto service = services.find({flow.original.destination, flow.original.destination_port});
    if (service == services.end()) return false;
    const bool translated = (flow.status & kernel::conntrack::status::kDestinationNat) != 0;
    if (!translated) return !service->second.empty();
    return !service->second.contains({flow.reply.source, flow.reply.source_port});
}

Result<std::size_t> delete_stale_flows(ConntrackTable& table, const UdpServices& services) {
    std::size_t deleted = 0;
    for (const auto& filter : filters_for(services)) {
        std::vector<Flow> stale;
        do {
            stale.clear();
            FAIRLEAD_CHECK(table.for_each_flow(filter, [&](const Flow& flow) {
                if (stale.size() < kLargestBatch && is_stale(flow, services)) stale.push_back(flow);
            }));
            FAIRLEAD_TRY(const std::size_t gone, table.delete_flows(stale));
            deleted += gone;
        } while (stale.size() == kLargestBatch);
    }
    return deleted;
}

}  // namespace fairlead::conntrack
