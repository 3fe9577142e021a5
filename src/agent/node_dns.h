#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "agent/dns_asker.h"
#include "agent/dns_handler.h"
#include "agent/dns_metrics.h"
#include "agent/dns_query_log.h"
#include "agent/dns_settings.h"
#include "agent/dns_walks.h"
#include "agent/node_forwarding.h"
#include "agent/noted_problem.h"
#include "agent/pod_certainty.h"
#include "dns/cache.h"
#include "dns/clients.h"
#include "dns/cluster_zone.h"
#include "dns/usage.h"
#include "dns/waste_watch.h"
#include "dns_server/dns_server.h"
#include "dns_server/interception.h"
#include "kube/store.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// The DNS server of this node: what the cluster's objects mean for it, the workers that answer, and the way
/// on which queries come to it.
///
/// When it dies, queries that were intercepted go to the cluster DNS again, by themselves
/// (docs/dns-server.md). Until all objects were seen once nothing is intercepted.
class NodeDns {
  public:
    using WarnOfWaste = std::function<void(const dns::Waste& waste)>;

    /// `stores` outlives it. `warn` is told of Pods that waste queries, where the settings ask for it.
    static base::Result<std::unique_ptr<NodeDns>> make(net::EventLoop& loop, admin::Metrics& metrics,
                                                       const std::string& node_name, DnsSettings settings,
                                                       const kube::Stores& stores, WarnOfWaste warn);
    /// Ends in order: what has come is answered, TCP connections are served to their end.
    ~NodeDns();
    NodeDns(const NodeDns&) = delete;
    NodeDns& operator=(const NodeDns&) = delete;

    /// Takes in what changed in the stores.
    void apply(const kube::ChangeSet& changes);
    /// All objects were there once, but for the addresses of Pods.
    void set_synced();
    /// Names of Pods are told from the addresses of the whole cluster's: stores.pod_addresses.
    [[nodiscard]] bool needs_pod_addresses() const {
        return zone_options_.pod_names == dns::PodNames::kVerified;
    }
    /// They were there once.
    void set_pod_addresses_synced() { zone_.set_pods_synced(); }

    /// Asks this every second for how long nothing is heard of this node's Pods (Reflector::blind_since).
    void ask_about_pods(std::function<std::optional<base::TimePoint>()> blind_since) {
        blind_to_pods_since_ = std::move(blind_since);
    }

    /// For the page /dns-usage.
    [[nodiscard]] std::string usage_json() const;
    /// For the page /dns-query: looks a name up as the resolver of a Pod of this node would, or as one on the
    /// node itself. Calls `done` once, now or later.
    void walk(const std::string& query, const DnsWalks::Done& done);
    DnsQueryLog& query_log() { return query_log_; }
    /// What goes wrong now, one sentence each.
    [[nodiscard]] std::vector<std::string> problems() const;

  private:
    NodeDns(net::EventLoop& loop, admin::Metrics& metrics, std::string node_name, DnsSettings settings,
            NodeForwarding forwarding, const kube::Stores& stores, WarnOfWaste warn);

    [[nodiscard]] std::vector<dns_server::ListenAddress> listen_addresses() const;
    [[nodiscard]] dns::ClientSettings client_settings() const;
    [[nodiscard]] base::Result<DnsWalker> walker_of(const DnsWalkRequest& request) const;
    void judge_pods();
    void update_clients();
    void serve();
    base::Result<void> start_server();
    std::unique_ptr<dns::Engine> make_engine(dns::UsageRecorder& usage, dns::AnswerObserver& observer);
    std::unique_ptr<dns_server::QueryHandler> make_handler(std::size_t worker);
    void follow_files();
    void forward_as_planned();
    void tick();
    void keep_interception();
    void publish();
    [[nodiscard]] std::vector<dns::PodUsage> usages() const;
    void look_at_waste();

    net::EventLoop& loop_;
    DnsMetrics metrics_;
    const std::string node_name_;
    const DnsSettings settings_;
    NodeForwarding forwarding_;
    const kube::Stores& stores_;

    const dns::ZoneOptions zone_options_;
    dns::ClusterZone zone_;
    dns::ClientDirectory clients_;
    dns::Cache cache_;
    std::vector<std::shared_ptr<dns::UsageRecorder>> usages_;  // of each worker
    std::vector<std::shared_ptr<EngineReports>> reports_;      // the same

    dns::WasteWatch waste_;
    const WarnOfWaste warn_;
    DnsQueryLog query_log_;
    std::unique_ptr<DnsAsker> asker_;
    std::unique_ptr<DnsWalks> walks_;
    std::function<std::optional<base::TimePoint>()> blind_to_pods_since_;
    PodCertainty pods_;

    bool synced_ = false;
    std::optional<dns_server::Interception> interception_;
    std::uint32_t looked_at_generation_ = 0;
    unsigned ticks_since_look_ = 0;
    std::vector<base::IpAddress> served_;  // addresses that the server was started for
    std::unique_ptr<dns_server::DnsServer> server_;
    std::uint64_t forwarding_version_ = 0;
    bool forwards_as_planned_ = true;
    NotedProblem forwarding_problem_{"dns upstreams"};
    NotedProblem target_problem_{"dns interception"};
    NotedProblem server_problem_{"dns server"};
    NotedProblem interception_problem_{"dns interception"};
    net::Subscription timer_;
};

}  // namespace fairlead::agent
