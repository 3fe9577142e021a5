#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "admin/metrics.h"
#include "net/http_server.h"
#include "services/health_checks.h"

namespace fairlead::agent {

/// Answers load balancers at the healthCheckNodePort of each Service, at every address of NodePorts, as
/// kube-proxy does (pkg/proxy/healthcheck/service_health.go): 200 while this node has a ready endpoint and
/// the data plane is healthy, else 503; JSON with the count, and the count as
/// X-Load-Balancing-Endpoint-Weight.
///
/// When the agent dies nobody answers, so that load balancers turn to other nodes; connections go on.
class HealthCheckServers {
  public:
    /// Called once when a port cannot be had, until it could: the error names the address.
    using OnTaken = std::function<void(const services::HealthCheck& check, const std::string& error)>;

    HealthCheckServers(net::EventLoop& loop, admin::Metrics& metrics, std::function<bool()> healthy,
                       OnTaken on_taken);

    /// Listens for these checks at these addresses, and for no others. A port that cannot be had is named in
    /// problems(), counted in fairlead_health_check_listen_failures_total, and tried again every
    /// second.
    void serve(const std::map<services::ServiceId, services::HealthCheck>& checks,
               std::span<const base::IpAddress> addresses);

    /// Ports that could not be listened on, one sentence each.
    [[nodiscard]] std::vector<std::string> problems() const;

  private:
    struct Place {
        services::HealthCheck check;
        std::unique_ptr<net::HttpServer> server;
        std::string problem;  ///< why there is none
    };
    void report_taken();

    void open_all();
    void open(const base::SocketAddress& address, Place& place);
    [[nodiscard]] net::HttpAnswer answer(const base::SocketAddress& address) const;

    net::EventLoop& loop_;
    admin::Number& failures_;
    std::function<bool()> healthy_;
    OnTaken on_taken_;
    std::map<base::SocketAddress, Place> places_;
    net::Subscription retry_;
    std::set<std::pair<kube::ObjectKey, std::uint16_t>> taken_;
};

}  // namespace fairlead::agent
