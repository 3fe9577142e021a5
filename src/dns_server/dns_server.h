#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "dns_server/worker.h"

namespace fairlead::dns_server {

/// Workers that answer at the same addresses; the kernel spreads clients over them (SO_REUSEPORT).
class DnsServer {
  public:
    using HandlerFactory = std::function<std::unique_ptr<QueryHandler>(std::size_t worker)>;

    /// `problem` is called on the workers' threads. The error names the address that cannot be bound.
    static base::Result<std::unique_ptr<DnsServer>> start(
        std::size_t workers, WorkerOptions options, const HandlerFactory& make_handler,
        const std::function<void(const std::string&)>& problem);
    /// Ends all workers at once.
    ~DnsServer() = default;
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;

    /// With the ports that the kernel chose where 0 was asked for.
    [[nodiscard]] const std::vector<base::SocketAddress>& addresses() const {
        return workers_.front()->addresses();
    }
    [[nodiscard]] std::vector<WorkerCounts> counts() const;
    /// Whether every worker has come around since the last call: what Interception::beat() may be called for.
    /// Due every second.
    bool responds();
    /// Lets all workers forward to these upstreams from now on, each in its way; nobody who waits is
    /// forgotten. After an error some may do it and some not.
    base::Result<void> reconfigure(const std::vector<dns::UpstreamServer>& upstreams,
                                   const std::function<dns::Forwarding(std::size_t worker)>& make_forwarding);
    /// Ends in order: TCP connections are served to their end; then `withdraw`, after which no new query
    /// shall come (Interception::withdraw()); then what has come is answered. Each part takes `grace` at
    /// most.
    void stop(base::Duration grace, const std::function<void()>& withdraw);

  private:
    DnsServer() = default;

    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace fairlead::dns_server
