#pragma once

#include <array>
#include <optional>
#include <string>

#include "agent/connection_metrics.h"
#include "agent/localhost_node_ports.h"
#include "agent/service_syncer.h"
#include "kernel/nftables/counts_dump.h"
#include "net/event_loop.h"
#include "services/connection_totals.h"

namespace fairlead::agent {

/// Reads what packets have counted in the set `connections`, again and again while that is switched on: every
/// second, or so seldom that it takes no more than a fiftieth of the thread's time. Reads a few hundred
/// elements at a time and lets others work in between. What the agent carried itself is added to each
/// reading. Pages and metrics show the last one.
class ConnectionCounters {
  public:
    ConnectionCounters(net::EventLoop& loop, admin::Metrics& metrics, ServiceSyncer& syncer,
                       LocalhostNodePorts& localhost);

    void configure(bool counting, const ConnectionMetricsLimits& limits);
    /// These are the NodePorts that are carried from now on, with their endpoints.
    void on_localhost_ports(const services::LocalhostPorts& ports) { totals_.keep_carried(ports); }

    /// The page /connections, for a query as of /services: each Service that had a connection, with its
    /// endpoints.
    [[nodiscard]] base::Result<std::string> page(std::string_view query) const;

  private:
    void read_soon(base::Duration pause);
    void begin();
    bool begin(base::Family family);
    void take();
    void finish();
    void show_endpoints();
    void forget_what_nobody_needs();
    void fail(const base::Error& error);
    [[nodiscard]] bool is_there(const kube::ObjectKey& service) const;

    net::EventLoop& loop_;
    ServiceSyncer& syncer_;
    LocalhostNodePorts& localhost_;
    admin::Number& read_seconds_;
    std::array<admin::Number*, 2> pairs_;  // IPv4, IPv6
    ConnectionMetrics metrics_;
    services::ConnectionTotals totals_;
    bool counting_ = false;
    base::WallTime read_at_{};  // when the last reading was complete
    base::Duration busy_{};     // what the reading that goes on has taken of the thread
    bool complained_ = false;
    std::optional<base::Family> family_;  // that is being read
    std::optional<kernel::nftables::CountsDump> dump_;
    net::Subscription readable_;
    net::Subscription next_;
};

}  // namespace fairlead::agent
