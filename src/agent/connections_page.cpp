#include "agent/connections_page.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "agent/service_query.h"
#include "base/json.h"

namespace fairlead::agent {

namespace {

using base::json_quote;
using services::Backend;
using services::Frontend;

using services::ConnectionNumbers;
using services::Denial;

struct ServiceConnections {
    std::map<std::string, ConnectionNumbers> ports;
    std::map<Backend, std::uint64_t> endpoints;
};
using Connections = std::map<kube::ObjectKey, ServiceConnections>;

Connections connections_of(const services::ConnectionTotals& totals, const services::ServiceProxy& proxy,
                           const ServiceQuery& wanted) {
    Connections services;
    for (const auto& [port, count] : totals.totals())
        if (wanted.matches(port.service)) services[port.service].ports[port.port] = count;
    totals.for_each_endpoint(
        [&](const Frontend& frontend) { return services::owner_of(proxy, frontend); },
        [&](const kube::ObjectKey& service, const Backend& backend, std::uint64_t count) {
            const auto known = services.find(service);
            if (known != services.end()) known->second.endpoints[backend] += count;
        });
    return services;
}

template <class Map, class ToJson>
std::string json_list_of_pairs(const Map& map, ToJson to_json) {
    std::string text = "[";
    for (const auto& [key, value] : map) {
        if (text.size() > 1) text += ",";
        text += to_json(key, value);
    }
    return text + "]";
}

/// The fields of both, without braces.
std::string numbers_json(const ConnectionNumbers& numbers) {
    return fmt::format(R"("connections":{},"denied":{{"noEndpoints":{},"policy":{},"sourceRange":{}}})",
                       numbers.served, numbers.at(Denial::kNobody), numbers.at(Denial::kPolicy),
                       numbers.at(Denial::kSourceRange));
}

std::string service_json(const kube::ObjectKey& key, const ServiceConnections& service) {
    ConnectionNumbers sum;
    for (const auto& [port, numbers] : service.ports)
        sum += numbers;
    return fmt::format(R"({{"namespace":{},"name":{},{},"ports":{},"endpoints":{}}})",
                       json_quote(key.namespace_name), json_quote(key.name), numbers_json(sum),
                       json_list_of_pairs(service.ports,
                                          [](const std::string& port, const ConnectionNumbers& numbers) {
                                              return fmt::format(R"({{"port":{},{}}})", json_quote(port),
                                                                 numbers_json(numbers));
                                          }),
                       json_list_of_pairs(service.endpoints, [](const Backend& backend, std::uint64_t count) {
                           return fmt::format(
                               R"({{"endpoint":{},"connections":{}}})",
                               json_quote(base::format_endpoint(backend.address, backend.port)), count);
                       }));
}

}  // namespace

base::Result<std::string> connections_json(const ConnectionsFacts& facts,
                                           const services::ConnectionTotals& totals,
                                           const services::ServiceProxy& proxy, std::string_view query) {
    FAIRLEAD_TRY(const auto wanted, parse_service_query(query));
    const auto read_at =
        std::chrono::duration_cast<std::chrono::milliseconds>(facts.read_at.time_since_epoch()).count();
    return fmt::format(R"({{"counting":{},"readAtMilliseconds":{},"services":{}}})", facts.counting, read_at,
                       json_list_of_pairs(connections_of(totals, proxy, wanted), service_json)) +
           "\n";
}

}  // namespace fairlead::agent
