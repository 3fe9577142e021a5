#include "agent/flow_names_page.h"

#include <fmt/format.h>

#include "agent/json_list.h"
#include "agent/service_query.h"
#include "base/json.h"

namespace fairlead::agent {

namespace {

using base::json_quote;
using services::AnsweringPort;
using services::Frontend;

std::string endpoint_json(const AnsweringPort::Endpoint& endpoint) {
    const auto& [backend, pod] = endpoint;
    const auto place = json_quote(base::format_endpoint(backend.address, backend.port));
    return pod.empty() ? fmt::format("{{\"endpoint\":{}}}", place)
                       : fmt::format("{{\"endpoint\":{},\"pod\":{}}}", place, json_quote(pod));
}

std::string port_json(const AnsweringPort& port) {
    return fmt::format(
        "{{\"protocol\":\"{}\",\"port\":{},\"frontends\":{},\"endpoints\":{}}}", base::name_of(port.protocol),
        port.port,
        json_list(port.frontends,
                  [](const Frontend& frontend) {
                      return json_quote(base::format_endpoint(frontend.address, frontend.port));
                  }),
        json_list(port.endpoints, endpoint_json));
}

conntrack::FlowNames::Port named_port(const kube::ObjectKey& service, const AnsweringPort& port) {
    conntrack::FlowNames::Port named{service.to_string(), {}, {}};
    for (const auto& frontend : port.frontends)
        named.frontends.emplace_back(frontend.protocol, frontend.address, frontend.port);
    for (const auto& [backend, pod] : port.endpoints)
        named.answers.push_back(
            {{backend.address, backend.port},
             pod.empty() ? pod : kube::ObjectKey{service.namespace_name, pod}.to_string()});
    return named;
}

}  // namespace

base::Result<std::string> flow_names_json(const services::ServiceProxy& proxy, std::string_view query) {
    FAIRLEAD_TRY(const auto wanted, parse_service_query(query));
    const auto source = services::answering_ports_source(
        proxy, [&](const kube::ObjectKey& service) { return wanted.matches(service); });
    std::string lines;
    for (const auto& entry : source.entries)
        lines += fmt::format("{}{{\"namespace\":{},\"name\":{},\"ports\":{}}}", lines.empty() ? "" : ",\n",
                             json_quote(entry.key.namespace_name), json_quote(entry.key.name),
                             json_list(services::answering_ports(source, entry), port_json));
    return "{\"services\":[\n" + lines + (lines.empty() ? "]}\n" : "\n]}\n");
}

conntrack::FlowNames flow_names(const services::AnsweringPortsSource& source) {
    conntrack::FlowNames names;
    for (const auto& entry : source.entries)
        for (const auto& port : services::answering_ports(source, entry))
            names.add(named_port(entry.key, port));
    return names;
}

}  // namespace fairlead::agent
