#pragma once

#include <set>
#include <span>
#include <string>

#include "admin/metrics.h"
#include "dns/cache.h"
#include "dns/engine_counts.h"
#include "dns/forwarder.h"
#include "dns_server/worker.h"

namespace fairlead::agent {

/// What one worker's engine says of itself.
struct EngineReport {
    dns::EngineCounts counts;
    dns::ForwarderStats forwarding;
    std::vector<dns::UpstreamStatus> upstreams;
};

/// Shows in metrics what the DNS server does. Names and buckets are CoreDNS's where the meaning is the same,
/// under our prefix.
class DnsMetrics {
  public:
    explicit DnsMetrics(admin::Metrics& metrics) : metrics_(metrics) {}

    /// One report and one count for each worker.
    void show(std::span<const EngineReport> reports, std::span<const dns_server::WorkerCounts> workers,
              const dns::CacheStats& cache);

  private:
    void show_requests(std::span<const EngineReport> reports);
    void show_responses(std::span<const EngineReport> reports);
    void show_engine(std::span<const EngineReport> reports);
    void show_histograms(std::span<const EngineReport> reports);
    void show_upstreams(std::span<const EngineReport> reports);
    void show_sockets(std::span<const dns_server::WorkerCounts> workers);
    void show_cache(const dns::CacheStats& cache);

    admin::Metrics& metrics_;
    std::set<std::string> shown_upstreams_;
};

}  // namespace fairlead::agent
