#include "cli/top.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <tuple>

#include "base/json.h"

namespace fairlead::cli {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr std::string_view kTopApiVersion = "fairlead.status/v1alpha1";

std::unexpected<base::Error> refuse() {
    return base::fail(base::ErrorCode::kInvalid,
                      "the agent answered with something that is no list of connections");
}

/// Of agents that do not count them yet: none.
std::uint64_t denied_of(element item) {
    std::uint64_t sum = 0;
    for (const auto* reason : {"noEndpoints", "policy", "sourceRange"}) {
        std::uint64_t count = 0;
        if (!item["denied"][reason].get(count)) sum += count;
    }
    return sum;
}

bool take_endpoints(array items, ServiceConnections& service) {
    for (const element item : items) {
        ServiceConnections::Endpoint endpoint;
        std::string_view name;
        if (item["endpoint"].get(name) || item["connections"].get(endpoint.connections)) return false;
        endpoint.endpoint = name;
        service.endpoints.push_back(std::move(endpoint));
    }
    return true;
}

std::uint64_t difference(std::uint64_t before, std::uint64_t after) {
    return after >= before ? after - before : after;
}

std::uint64_t connections_at(const ServiceConnections* service, std::string_view endpoint) {
    if (service == nullptr) return 0;
    const auto found =
        std::ranges::find(service->endpoints, endpoint, &ServiceConnections::Endpoint::endpoint);
    return found == service->endpoints.end() ? 0 : found->connections;
}

ServiceRate rate_of(const ServiceConnections* before, const ServiceConnections& after, double seconds) {
    ServiceRate rate{after.namespace_name, after.name, 0, after.connections, {}, 0, after.denied};
    rate.per_second =
        static_cast<double>(difference(before == nullptr ? 0 : before->connections, after.connections)) /
        seconds;
    rate.denied_per_second =
        static_cast<double>(difference(before == nullptr ? 0 : before->denied, after.denied)) / seconds;
    double sum = 0;
    for (const auto& [endpoint, connections] : after.endpoints) {
        const auto fresh = static_cast<double>(difference(connections_at(before, endpoint), connections));
        rate.endpoints.push_back({endpoint, fresh / seconds, fresh});
        sum += fresh;
    }
    for (auto& endpoint : rate.endpoints)
        endpoint.share = sum > 0 ? endpoint.share / sum : 0;
    std::ranges::stable_sort(rate.endpoints, std::greater{}, &ServiceRate::Endpoint::per_second);
    return rate;
}

using Cells = std::vector<std::string>;

Cells heading(const TopStyle& style) {
    Cells cells = {"NAME", "NEW/S", "TOTAL", "DENIED/S", "DENIED", "BUSIEST", "SHARE"};
    if (style.all_namespaces) cells.insert(cells.begin(), "NAMESPACE");
    if (style.wide) cells.emplace_back("ENDPOINTS");
    return cells;
}

Cells row(const ServiceRate& rate, const TopStyle& style) {
    const bool busy = !rate.endpoints.empty() && rate.endpoints.front().per_second > 0;
    constexpr double kPercent = 100;
    Cells cells = {rate.name,
                   fmt::format("{:.1f}", rate.per_second),
                   std::to_string(rate.connections),
                   fmt::format("{:.1f}", rate.denied_per_second),
                   std::to_string(rate.denied),
                   busy ? rate.endpoints.front().endpoint : "<none>",
                   busy ? fmt::format("{:.0f}%", rate.endpoints.front().share * kPercent) : "-"};
    if (style.all_namespaces) cells.insert(cells.begin(), rate.namespace_name);
    if (!style.wide) return cells;
    std::string all;
    for (const auto& endpoint : rate.endpoints)
        all += fmt::format("{}{}={:.1f}", all.empty() ? "" : ",", endpoint.endpoint, endpoint.per_second);
    cells.push_back(all.empty() ? "<none>" : all);
    return cells;
}

/// The fields of a Service, without braces.
std::string fields_of(const ServiceRate& rate) {
    std::string endpoints;
    for (const auto& [endpoint, per_second, share] : rate.endpoints)
        endpoints += fmt::format(R"({}{{"endpoint":{},"connectionsPerSecond":{:.3f},"share":{:.3f}}})",
                                 endpoints.empty() ? "" : ",", base::json_quote(endpoint), per_second, share);
    return fmt::format(
        R"("namespace":{},"name":{},"connectionsPerSecond":{:.3f},"connections":{},"deniedPerSecond":{:.3f},"denied":{},"endpoints":[{}])",
        base::json_quote(rate.namespace_name), base::json_quote(rate.name), rate.per_second, rate.connections,
        rate.denied_per_second, rate.denied, endpoints);
}

}  // namespace

const ServiceConnections* ConnectionsView::find(std::string_view namespace_name,
                                                std::string_view name) const {
    // The page is sorted by both.
    const auto key = [](const ServiceConnections& service) {
        return std::tuple<std::string_view, std::string_view>{service.namespace_name, service.name};
    };
    const std::tuple wanted{namespace_name, name};
    const auto found = std::ranges::lower_bound(services, wanted, {}, key);
    return found == services.end() || key(*found) != wanted ? nullptr : &*found;
}

base::Result<ConnectionsView> parse_connections(std::string_view json) {
    simdjson::dom::parser parser;
    element page;
    array items;
    ConnectionsView view;
    if (parser.parse(json.data(), json.size()).get(page) || page["counting"].get(view.counting) ||
        page["readAtMilliseconds"].get(view.read_at_ms) || page["services"].get(items))
        return refuse();
    for (const element item : items) {
        ServiceConnections service;
        std::string_view namespace_name;
        std::string_view name;
        array endpoints;
        if (item["namespace"].get(namespace_name) || item["name"].get(name) ||
            item["connections"].get(service.connections) || item["endpoints"].get(endpoints) ||
            !take_endpoints(endpoints, service))
            return refuse();
        service.namespace_name = namespace_name;
        service.name = name;
        service.denied = denied_of(item);
        view.services.push_back(std::move(service));
    }
    std::ranges::sort(view.services, {}, [](const ServiceConnections& service) {
        return std::tie(service.namespace_name, service.name);
    });
    return view;
}

std::vector<ServiceRate> rates_between(const ConnectionsView& before, const ConnectionsView& after) {
    constexpr double kMillisecondsPerSecond = 1000;
    const double seconds = static_cast<double>(after.read_at_ms - before.read_at_ms) / kMillisecondsPerSecond;
    std::vector<ServiceRate> rates;
    rates.reserve(after.services.size());
    for (const auto& service : after.services)
        rates.push_back(rate_of(before.find(service.namespace_name, service.name), service, seconds));
    std::ranges::stable_sort(rates, std::greater{}, [](const ServiceRate& rate) {
        return std::tuple{rate.per_second, rate.denied_per_second, rate.connections};
    });
    return rates;
}

std::string top_table(const std::vector<ServiceRate>& rates, const TopStyle& style) {
    if (rates.empty()) return {};
    std::vector<Cells> rows = {heading(style)};
    for (const auto& rate : rates)
        rows.push_back(row(rate, style));
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& cells : rows)
        for (std::size_t i = 0; i < cells.size(); ++i)
            widths[i] = std::max(widths[i], cells[i].size());
    constexpr std::size_t kGap = 3;
    std::string text;
    for (const auto& cells : rows) {
        for (std::size_t i = 0; i + 1 < cells.size(); ++i)
            text += fmt::format("{:<{}}", cells[i], widths[i] + kGap);
        text += cells.back() + "\n";
    }
    return text;
}

std::string top_json(const ServiceRate& rate, double seconds) {
    return fmt::format(R"({{"apiVersion":"{}","kind":"ServiceConnections","intervalSeconds":{:.3f},{}}})",
                       kTopApiVersion, seconds, fields_of(rate));
}

std::string top_list_json(const std::vector<ServiceRate>& rates, double seconds) {
    std::string items;
    for (const auto& rate : rates)
        items +=
            fmt::format(R"({}{{"kind":"ServiceConnections",{}}})", items.empty() ? "" : ",", fields_of(rate));
    return fmt::format(
        R"({{"apiVersion":"{}","kind":"ServiceConnectionsList","intervalSeconds":{:.3f},"items":[{}]}})",
        kTopApiVersion, seconds, items);
}

}  // namespace fairlead::cli
