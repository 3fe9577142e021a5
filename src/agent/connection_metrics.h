#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "admin/metrics.h"
#include "services/connection_totals.h"

namespace fairlead::agent {

/// How much of what is counted becomes rows of metrics.
struct ConnectionMetricsLimits {
    std::size_t services = 1000;  ///< that have rows of their own
    bool per_endpoint = false;
    std::size_t endpoints = 10'000;  ///< that have rows of their own, of all these Services together

    friend bool operator==(const ConnectionMetricsLimits&, const ConnectionMetricsLimits&) = default;
};

/// fairlead_service_connections_total, a counter for each port of a bounded number of Services: those that
/// had a connection first. All others share one row, {namespace="", service="other"}; none ever counts down.
/// fairlead_service_denied_connections_total is the same by reason, and fairlead_endpoint_connections_total,
/// if it is asked for, by endpoint.
class ConnectionMetrics {
  public:
    using Limits = ConnectionMetricsLimits;
    ConnectionMetrics(admin::Metrics& metrics, const Limits& limits) : metrics_(metrics), limits_(limits) {}

    /// Rows that are there stay, unless the endpoints' are switched off.
    void set_limits(const Limits& limits);
    [[nodiscard]] const Limits& limits() const { return limits_; }

    void add(const services::ServicePort& port, const services::ConnectionNumbers& numbers);
    /// What all frontends of a Service have counted at an endpoint since it was added.
    void set_endpoint(const kube::ObjectKey& service, const services::Backend& backend,
                      std::uint64_t connections);
    /// Drops the rows of endpoints that set_endpoint was not called for since the last time.
    void end_endpoints();
    /// Drops the rows of Services that are not `there` any more; others may have their place.
    void drop_unless(const std::function<bool(const kube::ObjectKey&)>& there);

  private:
    using EndpointKey = std::pair<kube::ObjectKey, services::Backend>;
    struct EndpointRow {
        std::uint64_t connections = 0;
        bool seen = false;
    };

    services::ServicePort named(const services::ServicePort& port);
    void forget(const EndpointKey& endpoint);

    admin::Metrics& metrics_;
    Limits limits_;
    std::map<kube::ObjectKey, std::set<std::string>> services_;  // with their ports
    std::map<EndpointKey, EndpointRow> endpoints_;
};

}  // namespace fairlead::agent
