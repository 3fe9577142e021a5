#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "agent/carried_counter.h"
#include "net/event_loop.h"
#include "services/localhost_ports.h"

namespace fairlead::agent {

/// Carries TCP connections to NodePorts at 127.0.0.1 and ::1 to the endpoints (KEP-6032), on a thread of its
/// own.
///
/// When the agent dies these connections end, as they would with kube-proxy: the kernel does not carry them.
/// All other addresses of a NodePort are the kernel's.
class LocalhostNodePorts {
  public:
    LocalhostNodePorts(net::EventLoop& loop, admin::Metrics& metrics);
    ~LocalhostNodePorts();
    LocalhostNodePorts(const LocalhostNodePorts&) = delete;
    LocalhostNodePorts& operator=(const LocalhostNodePorts&) = delete;

    /// Listens at these, and at no others. A port that cannot be had is named in problems() and tried again
    /// every second; connections to a port that goes live on.
    void serve(services::LocalhostPorts ports);

    /// Whether connections are counted: each at the endpoint that took it, or as denied if none did. Off at
    /// first.
    void count_carried(bool counting) { carried_.switch_to(counting); }
    /// What was counted since the last call.
    services::CarriedConnections take_carried() { return carried_.take(); }

    /// Ports that could not be listened on, one sentence each.
    [[nodiscard]] const std::vector<std::string>& problems() const;

  private:
    class Worker;
    struct Outcome;

    net::EventLoop& loop_;
    std::shared_ptr<Outcome> outcome_;
    CarriedCounter carried_;
    std::unique_ptr<Worker> worker_;  // last: it uses all of the above
};

}  // namespace fairlead::agent
