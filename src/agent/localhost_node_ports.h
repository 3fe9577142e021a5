#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/metrics.h"
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

    /// Ports that could not be listened on, one sentence each.
    [[nodiscard]] const std::vector<std::string>& problems() const;

  private:
    class Worker;
    struct Outcome;

    net::EventLoop& loop_;
    std::shared_ptr<Outcome> outcome_;
    std::unique_ptr<Worker> worker_;
};

}  // namespace fairlead::agent
