#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "agent/api_source.h"
#include "agent/config.h"
#include "agent/connection_counters.h"
#include "agent/conntrack_sizer.h"
#include "agent/conntrack_usage.h"
#include "agent/conntrack_watch.h"
#include "agent/event_writer.h"
#include "agent/health_check_servers.h"
#include "agent/invalid_packets.h"
#include "agent/liberal_mode.h"
#include "agent/listeners.h"
#include "agent/local_addresses.h"
#include "agent/localhost_node_ports.h"
#include "agent/manifest_source.h"
#include "agent/node_dns.h"
#include "agent/pod_finder.h"
#include "agent/service_syncer.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// One node's agent: a source of objects, the Service data plane, health and admin pages, on one event loop.
///
/// When it stops, is killed or crashes, the tables it wrote stay: pods keep the network they had.
class Agent {
  public:
    /// `reload` gives the configuration anew on SIGHUP.
    Agent(net::EventLoop& loop, Config config, std::function<base::Result<Config>()> reload);
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    /// Starts everything; the event loop does the rest. Errors name what could not be had.
    base::Result<void> start();

  private:
    base::Result<void> start_dns();
    base::Result<void> start_source();
    base::Result<void> start_manifests();
    base::Result<void> start_api();
    [[nodiscard]] std::vector<std::string> problems() const;
    [[nodiscard]] net::HttpServer::Handler health_pages();
    [[nodiscard]] net::HttpServer::Handler admin_pages();
    base::Result<void> watch_signals();
    void on_signal(int signal);
    void reload();
    base::Result<void> apply(Config config);
    void on_objects_changed();
    void on_source_synced();
    void configure_counters();
    void count_manifest_problems();
    [[nodiscard]] std::vector<std::string> not_ready() const;
    [[nodiscard]] bool node_eligible() const;
    [[nodiscard]] std::string status() const;
    void trace(const std::string& query, const std::function<void(base::Result<std::string>)>& reply);
    [[nodiscard]] base::Result<std::vector<base::IpAddress>> pod_addresses(const kube::ObjectKey& pod) const;
    void configure_services();
    void configure_process();
    base::Result<void> listen(const Config& config);
    void serve_health_checks();
    void serve_localhost();
    void watch_conntrack();
    void tell_of_node(EventType type, const std::string& reason, const std::string& note);
    void tell_of_waste(const dns::Waste& waste);
    void tell_of_taken_port(const services::HealthCheck& check, const std::string& error);
    /// New connections go where they should.
    [[nodiscard]] bool serves() const;

    net::EventLoop& loop_;
    Config config_;
    std::function<base::Result<Config>()> reload_;
    base::TimePoint started_;
    base::WallTime started_at_;
    std::string run_id_;  // differs in every run
    admin::Metrics metrics_;
    admin::Number& reloads_ok_;
    admin::Number& reloads_refused_;
    admin::Number& manifest_problems_;
    ConntrackSizer conntrack_sizer_;
    kube::Stores stores_;
    std::unique_ptr<LocalAddresses> local_addresses_;
    std::unique_ptr<ServiceSyncer> syncer_;
    std::unique_ptr<ConnectionCounters> counters_;
    std::unique_ptr<ConntrackUsage> conntrack_usage_;
    std::unique_ptr<ConntrackWatch> conntrack_watch_;
    LiberalMode liberal_mode_;
    std::unique_ptr<InvalidPackets> invalid_packets_;
    std::unique_ptr<ManifestSource> manifests_;
    std::unique_ptr<ApiSource> api_;
    std::unique_ptr<EventWriter> events_;    // with an API server
    std::unique_ptr<NodeDns> dns_;           // unless it is off
    std::unique_ptr<PodFinder> pod_finder_;  // the same
    std::string source_name_;
    bool source_synced_ = false;
    Listeners listeners_;
    HealthCheckServers health_checks_;
    LocalhostNodePorts localhost_node_ports_;
    net::Subscription signals_;
};

}  // namespace fairlead::agent
