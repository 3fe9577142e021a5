#include "agent/agent.h"

#include <algorithm>
#include <csignal>

#include "admin/handlers.h"
#include "agent/cleanup.h"
#include "agent/configz.h"
#include "agent/flow_names_page.h"
#include "agent/service_details.h"
#include "agent/service_options.h"
#include "agent/status.h"
#include "agent/trace.h"
#include "agent/trace_request.h"
#include "agent/zpages.h"
#include "base/log.h"
#include "base/version.h"
#include "net/files.h"

namespace fairlead::agent {

using base::Result;

namespace {

/// Put on a node before it is drained and deleted (cluster-autoscaler/utils/taints).
constexpr std::string_view kDeletionTaint = "ToBeDeletedByClusterAutoscaler";

std::unexpected<base::Error> no_dns() {
    return base::fail(base::ErrorCode::kNotFound, "this agent has no DNS server: its dns.mode is off");
}

admin::Number& reload_counter(admin::Metrics& metrics, std::string_view result) {
    return metrics.counter("fairlead_config_reloads_total", "Reloads of the configuration.",
                           {{"result", std::string(result)}});
}

}  // namespace

Agent::Agent(net::EventLoop& loop, Config config, std::function<Result<Config>()> reload)
    : loop_(loop),
      config_(std::move(config)),
      reload_(std::move(reload)),
      started_(loop.now()),
      started_at_(loop.wall_now()),
      run_id_(std::to_string(started_at_.time_since_epoch().count())),
      reloads_ok_(reload_counter(metrics_, "ok")),
      reloads_refused_(reload_counter(metrics_, "refused")),
      manifest_problems_(
          metrics_.gauge("fairlead_manifest_problems", "Problems in the manifests as they are now.")),
      conntrack_sizer_(loop, metrics_),
      listeners_(loop, health_pages(), admin_pages()),
      health_checks_(
          loop, metrics_, [this] { return serves(); },
          [this](const auto& check, const auto& error) { tell_of_taken_port(check, error); }),
      localhost_node_ports_(loop, metrics_) {
    metrics_
        .gauge("fairlead_build_info", "Always 1; the label is what counts.",
               {{"version", std::string(base::kVersion)}})
        .set(1);
}

Agent::~Agent() = default;

Result<void> Agent::start() {
    base::configure_log(config_.log_level, config_.log_format);
    base::log_info("starting", {{"version", base::kVersion}, {"node", config_.node_name}});
    FAIRLEAD_CHECK(watch_signals());
    liberal_mode_.prepare(config_.conntrack.is_liberal());
    conntrack_sizer_.configure(config_.conntrack);
    configure_process();
    FAIRLEAD_TRY(local_addresses_, LocalAddresses::open(loop_, [this] { configure_services(); }));
    FAIRLEAD_TRY(
        syncer_,
        ServiceSyncer::open(loop_, metrics_, service_options(config_, stores_, local_addresses_->current())));
    syncer_->set_sync_period(config_.sync_period);
    counters_ = std::make_unique<ConnectionCounters>(loop_, metrics_, *syncer_, localhost_node_ports_);
    configure_counters();
    invalid_packets_ = std::make_unique<InvalidPackets>(loop_, metrics_, *syncer_);
    FAIRLEAD_CHECK(listen(config_));
    FAIRLEAD_CHECK(start_dns());
    FAIRLEAD_CHECK(start_source());
    watch_conntrack();
    return {};
}

Result<void> Agent::listen(const Config& config) {
    if (config.bind_address_hard_fail) return listeners_.listen(config.health_address, config.admin_address);
    listeners_.keep_trying(config.health_address, config.admin_address);
    return {};
}

void Agent::configure_process() {
    if (!config_.oom_score_adj) return;
    const auto set = net::overwrite_file("/proc/self/oom_score_adj", std::to_string(*config_.oom_score_adj));
    if (!set)
        base::log_warning("oom_score_adj stays as it is",
                          {{"wanted", *config_.oom_score_adj}, {"error", set.error().message}});
}

void Agent::configure_services() {
    syncer_->configure(service_options(config_, stores_, local_addresses_->current()));
    serve_health_checks();
    serve_localhost();
}

bool Agent::serves() const {
    const auto keeps_up = [&](base::Family family) { return syncer_->health().healthy(family, loop_.now()); };
    return syncer_->synced_once() && keeps_up(base::Family::kIpv4) && keeps_up(base::Family::kIpv6);
}

void Agent::serve_health_checks() {
    const auto& proxy = syncer_->proxy();
    health_checks_.serve(proxy.health_checks().all(),
                         proxy.proxy(base::Family::kIpv4).options().compile.node_port_addresses);
}

void Agent::serve_localhost() {
    auto ports = syncer_->take_localhost_ports();
    if (!ports) return;
    counters_->on_localhost_ports(*ports);
    localhost_node_ports_.serve(*std::move(ports));
}

void Agent::watch_conntrack() {
    conntrack_usage_ = std::make_unique<ConntrackUsage>(loop_, syncer_->proxy());
    ConntrackWatch::Listener listener;
    listener.warn = [this](const auto& reason, const auto& note) {
        conntrack_usage_->look([this, reason, note](const std::string& who) {
            tell_of_node(EventType::kWarning, reason, who.empty() ? note : note + "; " + who);
        });
    };
    listener.recovered = [this](const auto& reason, const auto& note) {
        tell_of_node(EventType::kNormal, reason, note);
    };
    listener.new_peak = [this](auto entries) { conntrack_sizer_.saw_peak(entries); };
    conntrack_watch_ =
        std::make_unique<ConntrackWatch>(loop_, metrics_, config_.conntrack_percents, std::move(listener));
}

void Agent::tell_of_node(EventType type, const std::string& reason, const std::string& note) {
    if (!events_) return;
    // kubectl describe asks for Events with the uid of a Node, as kubelet has it from 1.37 on, and for those
    // with its name in that place, as it had before. Until the Node is known there is nothing but the name.
    const auto node = stores_.nodes.find({"", config_.node_name});
    const auto& uid = node ? node->uid : config_.node_name;
    events_->write({{"Node", {"", config_.node_name}, uid}, reason, "Watch", note, type});
}

void Agent::tell_of_taken_port(const services::HealthCheck& check, const std::string& error) {
    const auto service = stores_.services.find(check.service);
    if (!events_ || !service) return;
    events_->write({{"Service", check.service, service->uid},
                    "FailedToStartServiceHealthcheck",
                    "Listen",
                    "node " + config_.node_name + " does not answer health checks on port " +
                        std::to_string(check.port) + ": " + error});
}

void Agent::tell_of_waste(const dns::Waste& waste) {
    constexpr const char* kReason = "DnsQueriesWasted";
    if (waste.pod_uid.empty())
        return tell_of_node(EventType::kWarning, kReason, waste.pod.to_string() + " " + waste.note);
    if (events_) events_->write({{"Pod", waste.pod, waste.pod_uid}, kReason, "Lookup", waste.note});
}

Result<void> Agent::start_dns() {
    if (config_.dns.mode != DnsMode::kIntercept) {
        const auto removed = remove_interception();
        if (!removed)
            base::log_warning("what an agent before this one left of its interception of DNS queries stays",
                              {{"error", removed.error().message}});
        else if (*removed)
            base::log_info("removed the interception of DNS queries of an agent before this one");
    }
    if (config_.dns.mode == DnsMode::kOff) return {};
    FAIRLEAD_TRY(dns_, NodeDns::make(loop_, metrics_, config_.node_name, config_.dns, stores_,
                                     [this](const auto& waste) { tell_of_waste(waste); }));
    return {};
}

Result<void> Agent::start_source() {
    return config_.manifests.empty() ? start_api() : start_manifests();
}

Result<void> Agent::start_manifests() {
    source_name_ = "manifests " + config_.manifests;
    FAIRLEAD_TRY(manifests_, ManifestSource::start(loop_, config_.manifests, config_.service_cidrs, stores_,
                                                   [this] { on_objects_changed(); }));
    if (dns_) manifests_->keep_pods_of(config_.node_name);
    if (dns_ && dns_->needs_pod_addresses()) {
        manifests_->keep_pod_addresses();
        dns_->set_pod_addresses_synced();
    }
    count_manifest_problems();
    on_source_synced();
    return {};
}

Result<void> Agent::start_api() {
    FAIRLEAD_TRY(auto access, find_api_access(config_));
    FAIRLEAD_TRY(auto client, ApiClient::make(loop_, std::move(access)));
    source_name_ = "API server " + client->server();
    ApiSource::Listener listener;
    listener.changed = [this] { on_objects_changed(); };
    listener.synced = [this] { on_source_synced(); };
    listener.pod_addresses_synced = [this] { dns_->set_pod_addresses_synced(); };
    api_ = std::make_unique<ApiSource>(loop_, std::move(client), config_.node_name, stores_, metrics_,
                                       std::move(listener));
    events_ = std::make_unique<EventWriter>(loop_, api_->client(), config_.node_name);
    pod_finder_ = std::make_unique<PodFinder>(loop_, api_->client());
    if (dns_) {
        api_->watch_pods_of_node();
        dns_->ask_about_pods([this] { return api_->blind_to_pods_since(); });
    }
    if (dns_ && config_.dns.config_map) api_->watch_config_map(*config_.dns.config_map);
    if (dns_ && dns_->needs_pod_addresses()) api_->watch_pod_addresses();
    api_->start();
    return {};
}

void Agent::on_source_synced() {
    source_synced_ = true;
    syncer_->allow_writing();
    if (dns_) dns_->set_synced();
}

std::vector<std::string> Agent::problems() const {
    auto problems = syncer_->problems();
    const auto add = [&](const std::vector<std::string>& more) {
        problems.insert(problems.end(), more.begin(), more.end());
    };
    add(health_checks_.problems());
    add(localhost_node_ports_.problems());
    add(conntrack_watch_->problems());
    if (dns_) add(dns_->problems());
    if (manifests_) add(manifests_->problems());
    if (api_) add(api_->problems());
    add(listeners_.problems());
    add(conntrack_sizer_.problems());
    return problems;
}

void Agent::on_objects_changed() {
    const auto changes = stores_.take_changes();
    if (!changes.nodes.empty() || !changes.service_cidrs.empty()) configure_services();
    syncer_->stage(changes);
    if (dns_) dns_->apply(changes);
    serve_health_checks();
    serve_localhost();
    if (manifests_) count_manifest_problems();
}

void Agent::configure_counters() {
    counters_->configure(config_.connection_counters, {config_.connection_counters_max_services,
                                                       config_.connection_counters_per_endpoint});
}

void Agent::count_manifest_problems() {
    manifest_problems_.set(static_cast<double>(manifests_->problems().size()));
}

net::HttpServer::Handler Agent::health_pages() {
    return admin::health_handler(
        {[this] { return not_ready(); }, [this]() -> const admin::SyncHealth& { return syncer_->health(); },
         [this] { return node_eligible(); }, [this] { return loop_.now(); },
         [this] { return loop_.wall_now(); }},
        metrics_);
}

net::HttpServer::Handler Agent::admin_pages() {
    constexpr const char* kText = "text/plain; charset=utf-8";
    std::map<std::string, admin::Page> pages = {
        {"/configz", {[this](const std::string&) { return configz_json(config_); }, {}}},
        {"/flagz",
         {.body = {},
          .version = {},
          .forms = admin::ZPage{"Flagz", [this] { return flagz_text(config_); },
                                [this] { return flagz_fields(config_); }}}},
        {"/connections", {[this](const std::string& query) { return counters_->page(query); }, {}}},
        {"/conntrack", {[this](const std::string&) { return conntrack_watch_->page(); }, {}}},
        {"/dns-log",
         {[this](const std::string& query) {
              return dns_ ? dns_->query_log().page(query) : Result<std::string>{no_dns()};
          },
          {}}},
        {"/dns-query",
         {.body = {},
          .version = {},
          .later =
              [this](const std::string& query, const auto& reply) {
                  if (dns_) return dns_->walk(query, reply);
                  reply(no_dns());
              }}},
        {"/dns-usage",
         {[this](const std::string&) { return dns_ ? dns_->usage_json() : R"({"pods":[]})"; }, {}}},
        {"/flow-names",
         {[this](const std::string& query) { return flow_names_json(syncer_->proxy(), query); },
          [this] { return run_id_ + "-" + std::to_string(syncer_->generation()); }}},
        {"/proxyMode", {[](const std::string&) { return "nftables"; }, {}, kText}},
        {"/status", {[this](const std::string&) { return status(); }, {}}},
        {"/service",
         {[this](const std::string& query) {
              return service_details_json(syncer_->proxy(), syncer_->tables(), query);
          },
          {}}},
        {"/services",
         {[this](const std::string& query) { return services_json(syncer_->proxy(), query); },
          [this] { return run_id_ + "-" + std::to_string(syncer_->generation()); }}},
        {"/trace", {.body = {}, .version = {}, .later = [this](const std::string& query, const auto& reply) {
                        trace(query, reply);
                    }}}};
    std::vector<std::string> paths = {"/healthz", "/metrics", "/statusz"};
    for (const auto& [path, page] : pages)
        paths.push_back(path);
    const auto facts = [this, paths] { return StatuszFacts{started_at_, loop_.now() - started_, paths}; };
    pages["/statusz"] = {.body = {},
                         .version = {},
                         .forms = admin::ZPage{"Statusz", [facts] { return statusz_text(facts()); },
                                               [facts] { return statusz_fields(facts()); }}};
    return admin::admin_handler(metrics_, std::move(pages));
}

std::vector<std::string> Agent::not_ready() const {
    std::vector<std::string> reasons;
    if (!source_synced_)
        reasons.emplace_back("waiting for the first full list of Services and EndpointSlices");
    if (source_synced_ && !syncer_->synced_once())
        reasons.emplace_back("waiting for the first sync to reach the kernel");
    if (!source_synced_)
        for (auto& problem : problems())
            reasons.push_back(std::move(problem));
    if (!reasons.empty() && !syncer_->last_error().empty())
        reasons.push_back("last error: " + syncer_->last_error());
    return reasons;
}

bool Agent::node_eligible() const {
    const auto node = stores_.nodes.find({"", config_.node_name});
    // Manifests need not have Nodes; in an API server every node has one, or is gone.
    if (!node) return manifests_ != nullptr;
    return !node->terminating && std::ranges::find(node->taints, kDeletionTaint) == node->taints.end();
}

std::string Agent::status() const {
    const StatusFacts facts{config_.node_name,          source_name_, not_ready(),
                            syncer_->last_error(),      problems(),   name_of(config_.conntrack.guard_mode()),
                            invalid_packets_->dropped()};
    return status_json(facts, syncer_->proxy());
}

void Agent::trace(const std::string& query, const std::function<void(Result<std::string>)>& reply) {
    using Addresses = Result<std::vector<base::IpAddress>>;
    const auto trace_with = [this, query](std::function<Addresses(const kube::ObjectKey&)> pod_addresses) {
        return trace_json({syncer_->proxy(), syncer_->tables(), local_addresses_->current(),
                           [this](const services::Frontend& destination) {
                               return local_addresses_->source_towards(
                                   {destination.address, destination.protocol, destination.port});
                           },
                           std::move(pod_addresses)},
                          query);
    };
    const auto pod = pod_of(query);
    if (!pod || !pod_finder_)
        return reply(trace_with([this](const auto& key) { return pod_addresses(key); }));
    pod_finder_->find(*pod, [trace_with, reply](const Addresses& addresses) {
        reply(trace_with([&](const kube::ObjectKey&) { return addresses; }));
    });
}

Result<std::vector<base::IpAddress>> Agent::pod_addresses(const kube::ObjectKey& pod) const {
    auto addresses = manifests_ ? manifests_->pod_addresses(pod) : std::vector<base::IpAddress>{};
    if (addresses.empty())
        return base::fail(base::ErrorCode::kNotFound,
                          "no manifest has a Pod " + pod.to_string() + " with an address");
    return addresses;
}

Result<void> Agent::watch_signals() {
    FAIRLEAD_TRY(signals_,
                 loop_.on_signal({SIGTERM, SIGINT, SIGHUP}, [this](int signal) { on_signal(signal); }));
    return {};
}

void Agent::on_signal(int signal) {
    if (signal == SIGHUP) return reload();
    base::log_info("stopping; the rules stay in the kernel", {{"signal", signal}});
    loop_.stop();
}

void Agent::reload() {
    auto config = reload_();
    const auto applied =
        config ? apply(*std::move(config)) : Result<void>{std::unexpected(std::move(config).error())};
    if (!applied)
        base::log_error("reload refused; the configuration stays as it was",
                        {{"error", applied.error().message}});
    if (applied) base::log_info("configuration reloaded");
    (applied ? reloads_ok_ : reloads_refused_).add();
}

Result<void> Agent::apply(Config config) {
    std::string fields;
    for (const auto field : fields_needing_restart(config_, config))
        fields += (fields.empty() ? "" : ", ") + std::string(field);
    if (!fields.empty())
        return base::fail(base::ErrorCode::kInvalid,
                          fields + ": cannot change while the agent runs: restart it");
    FAIRLEAD_CHECK(listen(config));
    const bool other_score = config.oom_score_adj != config_.oom_score_adj;
    liberal_mode_.prepare(config.conntrack.is_liberal());
    conntrack_sizer_.configure(config.conntrack);
    config_ = std::move(config);
    base::configure_log(config_.log_level, config_.log_format);
    if (other_score) configure_process();
    syncer_->set_sync_period(config_.sync_period);
    configure_services();
    conntrack_watch_->set_percents(config_.conntrack_percents);
    configure_counters();
    if (dns_) dns_->query_log().configure(config_.dns.query_log);
    if (manifests_) manifests_->configure(config_.service_cidrs);
    return {};
}

}  // namespace fairlead::agent
