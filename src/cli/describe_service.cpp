#include "cli/describe_service.h"

#include "cli/agent_client.h"
#include "cli/service_details.h"
#include "kernel/conntrack/netlink_conntrack_table.h"

namespace fairlead::cli {

namespace {

using base::Result;

bool is_loopback(const base::IpAddress& address) {
    static const auto kIpv4 = base::Prefix::parse("127.0.0.0/8").value();
    static const auto kIpv6 = base::Prefix::parse("::1/128").value();
    return kIpv4.contains(address) || kIpv6.contains(address);
}

Result<FlowSummary> flows_to(const base::SocketAddress& agent,
                             const std::vector<FlowDestination>& destinations) {
    if (!is_loopback(agent.address))
        return base::fail(base::ErrorCode::kUnavailable, "the agent may be in another network namespace");
    FAIRLEAD_TRY(auto table, kernel::conntrack::NetlinkConntrackTable::open());
    return summarize_flows(table, destinations);
}

}  // namespace

Result<std::string> describe_service(const base::SocketAddress& agent, const ServiceView& service,
                                     bool with_flows, bool colour) {
    FAIRLEAD_TRY(const auto page,
                 fetch_page(agent, "/service?namespace=" + service.namespace_name + "&name=" + service.name));
    FAIRLEAD_TRY(const auto details, service_details(page.body, colour));
    return details.text + (with_flows ? flows_text(flows_to(agent, details.destinations)) : "");
}

}  // namespace fairlead::cli
