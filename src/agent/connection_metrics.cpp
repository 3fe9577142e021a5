#include "agent/connection_metrics.h"

namespace fairlead::agent {

namespace {

constexpr std::string_view kName = "fairlead_service_connections_total";

admin::MetricLabels labels_of(const services::ServicePort& port) {
    return {{"namespace", port.service.namespace_name}, {"service", port.service.name}, {"port", port.port}};
}

}  // namespace

admin::Number& ConnectionMetrics::row(const services::ServicePort& port) {
    const bool known = services_.contains(port.service);
    const services::ServicePort named =
        known || services_.size() < most_services_ ? port : services::ServicePort{{"", "other"}, ""};
    auto& number = metrics_.counter(kName, "New connections to a port of a Service through this node.",
                                    labels_of(named));
    if (named == port) services_[port.service].insert(port.port);
    return number;
}

void ConnectionMetrics::add(const services::ServicePort& port, std::uint64_t connections) {
    row(port).add(static_cast<double>(connections));
}

void ConnectionMetrics::drop_unless(const std::function<bool(const kube::ObjectKey&)>& there) {
    std::erase_if(services_, [&](const auto& entry) {
        const auto& [service, ports] = entry;
        if (there(service)) return false;
        for (const auto& port : ports)
            metrics_.forget(kName, labels_of({service, port}));
        return true;
    });
}

}  // namespace fairlead::agent
