#include "agent/trace.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/json_list.h"
#include "agent/trace_request.h"
#include "base/json.h"
#include "services/frontend_claim.h"
#include "services/layout.h"

namespace fairlead::agent {

namespace {

using base::json_quote;

std::string element_json(const services::TracedElement& element) {
    return fmt::format("{{\"set\":{},\"element\":{},\"found\":{}}}", json_quote(element.set),
                       json_quote(element.text), element.found);
}

std::string step_json(const services::TraceStep& step) {
    return fmt::format("{{\"topic\":\"{}\",\"says\":{},\"drift\":{},\"elements\":{}}}",
                       services::name_of(step.topic), json_quote(step.says), json_quote(step.drift),
                       json_list(step.elements, element_json));
}

std::string traced_endpoint_json(const services::TracedEndpoint& endpoint) {
    return fmt::format("{{\"endpoint\":{},\"masqueraded\":{},\"why\":{}}}",
                       json_quote(base::format_endpoint(endpoint.backend.address, endpoint.backend.port)),
                       endpoint.masqueraded, json_quote(endpoint.why));
}

std::string packet_json(const services::Packet& packet) {
    return fmt::format(
        "{{\"source\":{},\"destination\":{},\"port\":{},\"protocol\":\"{}\",\"interface\":{}}}",
        json_quote(packet.source.to_string()), json_quote(packet.destination.address.to_string()),
        packet.destination.port, base::name_of(packet.destination.protocol),
        json_quote(packet.input_interface));
}

services::TraceSources sources_of(const TraceGround& ground, base::Family family) {
    services::TraceSources sources;
    sources.find = [&ground, family](std::string_view set, const kernel::nftables::ElementBytes& key) {
        return ground.tables.find_element(family, services::kTableName, set, key);
    };
    sources.claimed = [&ground](const services::Frontend& frontend) {
        return services::claim_of(ground.proxy, frontend);
    };
    sources.is_local = [&ground](const base::IpAddress& address) {
        return std::ranges::find(ground.local_addresses, address) != ground.local_addresses.end();
    };
    const auto& pods = ground.proxy.proxy(family).options().pods;
    sources.pods_by_interface = !pods.interfaces.empty() || !pods.interface_prefixes.empty();
    return sources;
}

}  // namespace

base::Result<std::string> trace_json(const TraceGround& ground, std::string_view query) {
    FAIRLEAD_TRY(const auto packet, packet_of(ground, query));
    const auto sources = sources_of(ground, packet.destination.address.family());
    const auto traced = services::trace_packet(packet, sources);
    if (!traced && traced.error().code == base::ErrorCode::kNotFound)
        return base::fail(
            base::ErrorCode::kNotFound,
            "the kernel has no table 'fairlead' as this agent makes it: " + traced.error().message);
    FAIRLEAD_CHECK(traced);
    return fmt::format(
        "{{\"apiVersion\":\"fairlead.status/v1alpha1\",\"kind\":\"Trace\",\"packet\":{},\"fate\":\"{}\","
        "\"verdict\":{},\"drift\":{},\"endpointCount\":{},\"endpoints\":{},\"steps\":{}}}\n",
        packet_json(packet), services::name_of(traced->fate), json_quote(traced->verdict), traced->drifts(),
        traced->endpoint_count, json_list(traced->endpoints, traced_endpoint_json),
        json_list(traced->steps, step_json));
}

}  // namespace fairlead::agent
