#include "cli/service_view.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace fairlead::cli {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string text(element object, std::string_view key) {
    std::string_view value;
    if (object[key].get(value)) return {};
    return std::string(value);
}

/// Calls `visit` for each element of the array under `key`; of none if it is no array.
template <class Visit>
void each(element object, std::string_view key, Visit visit) {
    array items;
    if (object[key].get(items)) return;
    for (const element item : items)
        visit(item);
}

std::vector<std::string> texts(element object, std::string_view key) {
    std::vector<std::string> values;
    each(object, key, [&](element item) {
        std::string_view value;
        if (item.get(value) == simdjson::SUCCESS) values.emplace_back(value);
    });
    return values;
}

PortView port_view(element item) {
    PortView port{text(item, "name"), text(item, "protocol"), 0, {}};
    if (item["port"].get(port.port)) port.port = 0;
    each(item, "frontends", [&](element frontend) {
        port.frontends.push_back(
            {text(frontend, "address"), text(frontend, "state"), texts(frontend, "endpoints")});
    });
    return port;
}

std::string joined(const std::vector<std::string>& parts, std::string_view otherwise) {
    return parts.empty() ? std::string(otherwise) : fmt::format("{}", fmt::join(parts, ","));
}

/// The worst state of all frontends.
std::string state_of(const ServiceView& service) {
    std::string worst = service.cluster_ips.empty() ? "-" : "balanced";
    for (const auto& port : service.ports)
        for (const auto& frontend : port.frontends)
            if (frontend.state == "pending" || (frontend.state != "balanced" && worst != "pending"))
                worst = frontend.state;
    return worst;
}

std::string coloured(const std::string& state, bool colour) {
    if (!colour) return state;
    if (state == "balanced") return "\033[32m" + state + "\033[0m";
    return state == "-" ? state : "\033[31m" + state + "\033[0m";
}

std::vector<std::string> endpoints_of(const ServiceView& service) {
    std::vector<std::string> endpoints;
    for (const auto& port : service.ports)
        for (const auto& frontend : port.frontends)
            endpoints.insert(endpoints.end(), frontend.endpoints.begin(), frontend.endpoints.end());
    std::ranges::sort(endpoints);
    const auto repeated = std::ranges::unique(endpoints);
    endpoints.erase(repeated.begin(), repeated.end());
    return endpoints;
}

std::vector<std::string> row(const ServiceView& service, bool all_namespaces, bool wide) {
    std::vector<std::string> ports;
    for (const auto& port : service.ports)
        ports.push_back(fmt::format("{}/{}", port.port, port.protocol));
    const auto endpoints = endpoints_of(service);
    std::vector<std::string> cells;
    if (all_namespaces) cells.push_back(service.namespace_name);
    cells.insert(cells.end(), {service.name, service.type, joined(service.cluster_ips, "<none>"),
                               joined(ports, "<none>"), std::to_string(endpoints.size())});
    if (wide) cells.push_back(joined(endpoints, "<none>"));
    return cells;
}

void write_yaml(element value, const std::string& indent, std::string& out);

/// A scalar or an empty container on the same line, else the container on the next lines.
void write_yaml_value(element value, const std::string& indent, std::string& out) {
    const bool container = value.is_object() || value.is_array();
    const bool empty =
        container && (value.is_object() ? simdjson::dom::object(value).size() : array(value).size()) == 0;
    if (!container || empty) {
        out += " " + std::string(simdjson::to_string(value)) + "\n";
        return;
    }
    out += "\n";
    write_yaml(value, indent, out);
}

void write_yaml(element value, const std::string& indent, std::string& out) {
    if (value.is_object()) {
        for (const auto field : simdjson::dom::object(value)) {
            out += indent + std::string(field.key) + ":";
            write_yaml_value(field.value, indent + "  ", out);
        }
    } else if (value.is_array()) {
        for (const element item : array(value)) {
            std::string nested;
            write_yaml_value(item, indent + "  ", nested);
            // The first field of an object stands behind the dash.
            const bool block = nested.starts_with('\n');
            out += indent + (block ? "- " + nested.substr(1 + indent.size() + 2) : "-" + nested);
        }
    } else {
        out += std::string(simdjson::to_string(value)) + "\n";
    }
}

}  // namespace

base::Result<std::vector<ServiceView>> parse_services(std::string_view json) {
    simdjson::dom::parser parser;
    element page;
    array items;
    if (parser.parse(json.data(), json.size()).get(page) || page["services"].get(items))
        return base::fail(base::ErrorCode::kInvalid,
                          "the agent answered with something that is no list of Services");
    std::vector<ServiceView> services;
    for (const element item : items) {
        ServiceView service{
            text(item, "namespace"),  text(item, "name"), text(item, "type"), texts(item, "clusterIPs"), {},
            simdjson::to_string(item)};
        each(item, "ports", [&](element port) { service.ports.push_back(port_view(port)); });
        services.push_back(std::move(service));
    }
    return services;
}

std::string services_table(const std::vector<ServiceView>& services, bool all_namespaces, bool wide,
                           bool colour, bool heading) {
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> names = {"NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "ENDPOINTS"};
    if (all_namespaces) names.insert(names.begin(), "NAMESPACE");
    if (wide) names.emplace_back("ADDRESSES");
    rows.push_back(names);
    for (const auto& service : services)
        rows.push_back(row(service, all_namespaces, wide));
    std::vector<std::size_t> widths(names.size());
    for (const auto& cells : rows)
        for (std::size_t i = 0; i < cells.size(); ++i)
            widths[i] = std::max(widths[i], cells[i].size());
    std::string table;
    for (std::size_t line = heading ? 0 : 1; line < rows.size(); ++line) {
        for (std::size_t i = 0; i < rows[line].size(); ++i)
            table += fmt::format("{:<{}}", rows[line][i], widths[i] + 3);
        table += (line == 0 ? "STATE" : coloured(state_of(services[line - 1]), colour)) + "\n";
    }
    return table;
}

std::string describe_service(const ServiceView& service, bool colour) {
    std::string description =
        fmt::format("Name:         {}\nNamespace:    {}\nType:         {}\nClusterIPs:   {}\n", service.name,
                    service.namespace_name, service.type, joined(service.cluster_ips, "<none>"));
    for (const auto& port : service.ports) {
        description += fmt::format("Port:         {} {}/{}\n", port.name.empty() ? "<unset>" : port.name,
                                   port.port, port.protocol);
        for (const auto& frontend : port.frontends) {
            description += fmt::format("  {:<20} {}\n", frontend.address, coloured(frontend.state, colour));
            for (const auto& endpoint : frontend.endpoints)
                description += fmt::format("    -> {}\n", endpoint);
            if (frontend.state == "rejected")
                description += "    no ready endpoint: new connections are refused\n";
            if (frontend.state == "dropped")
                description +=
                    "    internalTrafficPolicy Local, no endpoint on this node: new connections are "
                    "dropped\n";
        }
    }
    return description;
}

base::Result<std::string> json_to_yaml(std::string_view json) {
    simdjson::dom::parser parser;
    element value;
    if (parser.parse(json.data(), json.size()).get(value))
        return base::fail(base::ErrorCode::kInvalid, "no JSON");
    std::string yaml;
    write_yaml(value, "", yaml);
    return yaml;
}

}  // namespace fairlead::cli
