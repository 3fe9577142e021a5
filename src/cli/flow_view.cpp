#include "cli/flow_view.h"

#include <fmt/format.h>

#include "base/json.h"
#include "conntrack/usage.h"

namespace fairlead::cli {

namespace {

using base::json_quote;
using conntrack::FlowNames;
using kernel::conntrack::Flow;
namespace status = kernel::conntrack::status;

/// An address with the port, where the protocol has one.
std::string place(const Flow& flow, const base::IpAddress& address, std::uint16_t port) {
    return kernel::conntrack::has_ports(flow.protocol) ? base::format_endpoint(address, port)
                                                       : address.to_string();
}

std::string client(const Flow& flow) {
    return place(flow, flow.original.source, flow.original.source_port);
}
std::string destination(const Flow& flow) {
    return place(flow, flow.original.destination, flow.original.destination_port);
}
std::string endpoint(const Flow& flow) {
    return place(flow, flow.reply.source, flow.reply.source_port);
}

std::string pod_port(const Flow& flow, const std::string& pod) {
    return kernel::conntrack::has_ports(flow.protocol) ? fmt::format("{}:{}", pod, flow.reply.source_port)
                                                       : pod;
}

struct Named {
    std::string service;
    std::string pod;
    bool leads_nowhere = false;
};

Named name(const Flow& flow, const FlowNames& names) {
    Named named{{}, std::string(names.pod_at(flow.reply.source)), false};
    if (const auto* frontend = names.frontend_of(flow)) {
        named.service = names.service_name(frontend->service);
        named.leads_nowhere = leads_nowhere(flow, names, *frontend);
    }
    return named;
}

std::string protocol_of(const Flow& flow) {
    return kernel::conntrack::name_of_protocol(flow.protocol);
}

/// Without the protocol before it.
std::string state(const Flow& flow) {
    return conntrack::state_of(flow).substr(protocol_of(flow).size() + 1);
}

std::string packets(const Flow& flow) {
    if (!flow.original_counters || !flow.reply_counters) return "-";
    return fmt::format("{}+{}", flow.original_counters->packets, flow.reply_counters->packets);
}
std::string bytes(const Flow& flow) {
    if (!flow.original_counters || !flow.reply_counters) return "-";
    return fmt::format("{}+{}", flow.original_counters->bytes, flow.reply_counters->bytes);
}

std::string timeout(const Flow& flow) {
    return flow.timeout ? fmt::format("{}s", flow.timeout->count()) : "-";
}

std::string counters_json(const Flow& flow) {
    if (!flow.original_counters || !flow.reply_counters) return "";
    return fmt::format(R"(,"packets":{{"original":{},"reply":{}}},"bytes":{{"original":{},"reply":{}}})",
                       flow.original_counters->packets, flow.reply_counters->packets,
                       flow.original_counters->bytes, flow.reply_counters->bytes);
}

}  // namespace

Columns::Row flow_heading(bool wide) {
    Columns::Row cells = {"PROTOCOL", "STATE", "CLIENT", "SERVICE", "ENDPOINT", "TIMEOUT", "PACKETS"};
    if (wide) cells.insert(cells.end(), {"BYTES", "DESTINATION", "ANSWERS AT", "ASSURED", "ZONE", "MARK"});
    return cells;
}

Columns::Row flow_row(const Flow& flow, const FlowNames& names, bool wide) {
    const auto named = name(flow, names);
    Columns::Row cells = {protocol_of(flow),
                          state(flow),
                          client(flow),
                          named.service.empty()
                              ? destination(flow)
                              : fmt::format("{}:{}", named.service, flow.original.destination_port),
                          (named.pod.empty() ? endpoint(flow) : pod_port(flow, named.pod)) +
                              (named.leads_nowhere ? " (not live)" : ""),
                          timeout(flow),
                          packets(flow)};
    if (wide)
        cells.insert(cells.end(), {bytes(flow), destination(flow), endpoint(flow),
                                   (flow.status & status::kAssured) != 0 ? "yes" : "no",
                                   std::to_string(flow.zone.id), fmt::format("{:#x}", flow.mark)});
    return cells;
}

std::string flow_json(const Flow& flow, const FlowNames& names) {
    const auto named = name(flow, names);
    const auto optional_text = [](std::string_view key, const std::string& text) {
        return text.empty() ? "" : fmt::format(R"(,"{}":{})", key, json_quote(text));
    };
    return fmt::format(
        R"({{"kind":"Flow","protocol":{},"state":{},"client":{},"destination":{},"endpoint":{}{}{},)"
        R"("leadsNowhere":{},"replied":{},"assured":{}{},"zone":{},"mark":{},"id":{}{}}})",
        json_quote(protocol_of(flow)), json_quote(state(flow)), json_quote(client(flow)),
        json_quote(destination(flow)), json_quote(endpoint(flow)), optional_text("service", named.service),
        optional_text("pod", named.pod), named.leads_nowhere, (flow.status & status::kSeenReply) != 0,
        (flow.status & status::kAssured) != 0,
        flow.timeout ? fmt::format(R"(,"timeoutSeconds":{})", flow.timeout->count()) : "", flow.zone.id,
        flow.mark, flow.id, counters_json(flow));
}

}  // namespace fairlead::cli
