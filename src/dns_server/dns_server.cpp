#include "dns_server/dns_server.h"

#include "base/assert.h"

namespace fairlead::dns_server {

using base::Result;

Result<std::unique_ptr<DnsServer>> DnsServer::start(std::size_t workers, WorkerOptions options,
                                                    const HandlerFactory& make_handler,
                                                    const std::function<void(const std::string&)>& problem) {
    FAIRLEAD_ASSERT(workers > 0);
    std::unique_ptr<DnsServer> server{new DnsServer};
    for (std::size_t i = 0; i < workers; ++i) {
        FAIRLEAD_TRY(auto worker, Worker::start(options, make_handler(i), problem));
        // The others share the ports that the kernel chose.
        for (std::size_t at = 0; at < options.listen.size(); ++at)
            options.listen[at].address = worker->addresses()[at];
        server->workers_.push_back(std::move(worker));
    }
    return server;
}

std::vector<WorkerCounts> DnsServer::counts() const {
    std::vector<WorkerCounts> counts;
    counts.reserve(workers_.size());
    for (const auto& worker : workers_)
        counts.push_back(worker->counts());
    return counts;
}

bool DnsServer::responds() {
    bool all = true;
    for (const auto& worker : workers_)
        all = worker->responds() && all;
    return all;
}

Result<void> DnsServer::reconfigure(
    const std::vector<dns::UpstreamServer>& upstreams,
    const std::function<dns::Forwarding(std::size_t worker)>& make_forwarding) {
    for (std::size_t i = 0; i < workers_.size(); ++i)
        FAIRLEAD_CHECK(workers_[i]->reconfigure(upstreams, make_forwarding(i)));
    return {};
}

void DnsServer::stop(base::Duration grace, const std::function<void()>& withdraw) {
    for (const auto& worker : workers_)
        worker->drain();
    for (const auto& worker : workers_)
        worker->await_drained(grace);
    withdraw();
    for (const auto& worker : workers_)
        worker->finish(grace);
}

}  // namespace fairlead::dns_server
