#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "admin/metrics.h"
#include "services/connection_totals.h"

namespace fairlead::agent {

/// fairlead_service_connections_total, a counter for each port of a bounded number of Services: those that
/// had a connection first. All others share one row, {namespace="", service="other"}; none ever counts down.
class ConnectionMetrics {
  public:
    ConnectionMetrics(admin::Metrics& metrics, std::size_t most_services)
        : metrics_(metrics), most_services_(most_services) {}

    void add(const services::ServicePort& port, std::uint64_t connections);
    /// Drops the rows of Services that are not `there` any more; others may have their place.
    void drop_unless(const std::function<bool(const kube::ObjectKey&)>& there);

  private:
    admin::Number& row(const services::ServicePort& port);

    admin::Metrics& metrics_;
    std::size_t most_services_;
    std::map<kube::ObjectKey, std::set<std::string>> services_;  // with their ports
};

}  // namespace fairlead::agent
