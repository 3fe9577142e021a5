#include "agent/connection_metrics.h"

#include <utility>

namespace fairlead::agent {

namespace {

using services::ConnectionNumbers;
using services::ServicePort;

constexpr std::string_view kName = "fairlead_service_connections_total";
constexpr std::string_view kDeniedName = "fairlead_service_denied_connections_total";
constexpr std::string_view kEndpointName = "fairlead_endpoint_connections_total";

admin::MetricLabels labels_of(const ServicePort& port) {
    return {{"namespace", port.service.namespace_name}, {"service", port.service.name}, {"port", port.port}};
}

admin::MetricLabels labels_of(const ServicePort& port, services::Denial denial) {
    constexpr std::string_view kReasons[] = {"no_endpoints", "policy", "source_range"};
    auto labels = labels_of(port);
    labels.emplace_back("reason", kReasons[static_cast<std::size_t>(denial)]);
    return labels;
}

admin::MetricLabels labels_of(const kube::ObjectKey& service, const services::Backend& backend) {
    return {{"namespace", service.namespace_name},
            {"service", service.name},
            {"endpoint", base::format_endpoint(backend.address, backend.port)}};
}

}  // namespace

ServicePort ConnectionMetrics::named(const ServicePort& port) {
    if (!services_.contains(port.service) && services_.size() >= limits_.services) return {{"", "other"}, ""};
    services_[port.service].insert(port.port);
    return port;
}

void ConnectionMetrics::set_limits(const Limits& limits) {
    limits_ = limits;
    if (!limits_.per_endpoint) end_endpoints();
}

void ConnectionMetrics::add(const ServicePort& port, const ConnectionNumbers& numbers) {
    const auto row = named(port);
    if (numbers.served > 0)
        metrics_.counter(kName, "New connections to a port of a Service through this node.", labels_of(row))
            .add(static_cast<double>(numbers.served));
    for (const auto denial : services::kDenials)
        if (numbers.at(denial) > 0)
            metrics_
                .counter(kDeniedName, "Packets for a port of a Service that would have opened a connection.",
                         labels_of(row, denial))
                .add(static_cast<double>(numbers.at(denial)));
}

void ConnectionMetrics::set_endpoint(const kube::ObjectKey& service, const services::Backend& backend,
                                     std::uint64_t connections) {
    if (!limits_.per_endpoint || !services_.contains(service)) return;
    const EndpointKey key{service, backend};
    if (!endpoints_.contains(key) && endpoints_.size() >= limits_.endpoints) return;
    auto& row = endpoints_[key];
    // What was forgotten by the kernel began anew.
    const auto fresh = connections >= row.connections ? connections - row.connections : connections;
    row = {connections, true};
    metrics_
        .counter(kEndpointName, "New connections to an endpoint of a Service through this node.",
                 labels_of(service, backend))
        .add(static_cast<double>(fresh));
}

void ConnectionMetrics::end_endpoints() {
    for (auto it = endpoints_.begin(); it != endpoints_.end();) {
        if (std::exchange(it->second.seen, false)) {
            ++it;
            continue;
        }
        forget(it->first);
        it = endpoints_.erase(it);
    }
}

void ConnectionMetrics::forget(const EndpointKey& endpoint) {
    metrics_.forget(kEndpointName, labels_of(endpoint.first, endpoint.second));
}

void ConnectionMetrics::drop_unless(const std::function<bool(const kube::ObjectKey&)>& there) {
    std::erase_if(services_, [&](const auto& entry) {
        const auto& [service, ports] = entry;
        if (there(service)) return false;
        for (const auto& port : ports) {
            metrics_.forget(kName, labels_of({service, port}));
            for (const auto denial : services::kDenials)
                metrics_.forget(kDeniedName, labels_of({service, port}, denial));
        }
        return true;
    });
    std::erase_if(endpoints_, [&](const auto& entry) {
        if (there(entry.first.first)) return false;
        forget(entry.first);
        return true;
    });
}

}  // namespace fairlead::agent
