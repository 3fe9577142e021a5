#include "cli/flow_names.h"

#include "cli/agent_client.h"
#include "cli/json_fields.h"

namespace fairlead::cli {

namespace {

using base::Result;
using conntrack::FlowNames;
using simdjson::dom::array;
using simdjson::dom::element;

/// Text of a field that stays where it is; empty if there is none.
std::string_view view(element object, std::string_view key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

Result<conntrack::Place> parse_place(std::string_view text) {
    FAIRLEAD_TRY(const auto address, base::SocketAddress::parse(text));
    return conntrack::Place{address.address, address.port};
}

Result<FlowNames::Port> parse_port(std::string_view namespace_name, std::string_view name, element item) {
    FlowNames::Port port{std::string(namespace_name).append("/").append(name), {}, {}};
    FAIRLEAD_TRY(const auto protocol, base::parse_l4_protocol(view(item, "protocol")));
    Result<void> all_well;
    const auto place_of = [&](std::string_view text) {
        auto place = parse_place(text);
        if (!place) all_well = std::unexpected(place.error());
        return place.value_or(conntrack::Place{});
    };
    for (const auto& frontend : json::texts(item, "frontends")) {
        const auto [address, number] = place_of(frontend);
        port.frontends.emplace_back(protocol, address, number);
    }
    json::each(item, "endpoints", [&](element endpoint) {
        const auto pod = view(endpoint, "pod");
        port.answers.push_back({place_of(view(endpoint, "endpoint")),
                                pod.empty() ? "" : std::string(namespace_name).append("/").append(pod)});
    });
    FAIRLEAD_CHECK(all_well);
    return port;
}

}  // namespace

Result<FlowNames> parse_flow_names(std::string_view json) {
    simdjson::dom::parser parser;
    element page;
    array services;
    if (parser.parse(json.data(), json.size()).get(page) || page["services"].get(services))
        return base::fail(base::ErrorCode::kInvalid,
                          "the agent answered with something that is no list of names");
    FlowNames names;
    for (const element service : services) {
        array ports;
        if (service["ports"].get(ports)) continue;
        for (const element item : ports) {
            auto port = parse_port(view(service, "namespace"), view(service, "name"), item);
            if (!port) return base::fail_within("the agent's page /flow-names", std::move(port).error());
            names.add(*port);
        }
    }
    return names;
}

Result<FlowNames> fetch_flow_names(const base::SocketAddress& agent) {
    FAIRLEAD_TRY(const auto page, fetch_page(agent, "/flow-names"));
    return parse_flow_names(page.body);
}

}  // namespace fairlead::cli
