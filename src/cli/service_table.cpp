#include "cli/service_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::cli {

namespace {

using Cells = std::vector<std::string>;

std::string joined(const std::vector<std::string>& parts, std::string_view otherwise) {
    return parts.empty() ? std::string(otherwise) : fmt::format("{}", fmt::join(parts, ","));
}

/// The cells of all columns but the last one, the state.
Cells heading(const TableStyle& style) {
    Cells cells = {"NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "ENDPOINTS"};
    if (style.all_namespaces) cells.insert(cells.begin(), "NAMESPACE");
    if (style.connections) cells.insert(cells.end(), {"CONNECTIONS", "DENIED"});
    if (style.wide) cells.emplace_back("ADDRESSES");
    return cells;
}

Cells row(const ServiceView& service, const TableStyle& style) {
    std::vector<std::string> ports;
    ports.reserve(service.ports.size());
    for (const auto& port : service.ports)
        ports.push_back(port.node_port == 0
                            ? fmt::format("{}/{}", port.port, port.protocol)
                            : fmt::format("{}:{}/{}", port.port, port.node_port, port.protocol));
    const auto endpoints = endpoints_of(service);
    Cells cells;
    if (style.all_namespaces) cells.push_back(service.namespace_name);
    cells.insert(cells.end(), {service.name, service.type, joined(service.cluster_ips, "<none>"),
                               joined(ports, "<none>"), std::to_string(endpoints.size())});
    if (style.connections)
        for (const auto& count : {service.connections, service.denied})
            cells.push_back(count ? std::to_string(*count) : "<off>");
    if (style.wide) cells.push_back(joined(endpoints, "<none>"));
    return cells;
}

std::string line(const Cells& cells, const std::vector<std::size_t>& widths, std::string_view state) {
    constexpr std::size_t kGap = 3;
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i)
        text += fmt::format("{:<{}}", cells[i], widths[i] + kGap);
    return text.append(state) + "\n";
}

}  // namespace

std::string coloured(const std::string& state, bool colour) {
    if (!colour || state == "-") return state;
    return fmt::format("\033[{}m{}\033[0m", state == "balanced" ? 32 : 31, state);
}

std::string ServiceTable::lines(const std::vector<ServiceView>& services) {
    if (services.empty()) return {};
    const auto names = heading(style_);
    std::vector<Cells> rows;
    rows.reserve(services.size());
    for (const auto& service : services)
        rows.push_back(row(service, style_));
    widths_.resize(names.size());
    const auto widen = [&](const Cells& cells) {
        for (std::size_t i = 0; i < cells.size(); ++i)
            widths_[i] = std::max(widths_[i], cells[i].size());
    };
    widen(names);
    std::ranges::for_each(rows, widen);
    std::string text = std::exchange(headed_, true) ? "" : line(names, widths_, "STATE");
    for (std::size_t i = 0; i < rows.size(); ++i)
        text += line(rows[i], widths_, coloured(state_of(services[i]), style_.colour));
    return text;
}

}  // namespace fairlead::cli
