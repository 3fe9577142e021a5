#include "agent/node_dns.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <random>

#include "agent/dns_handler.h"
#include "agent/dns_targets.h"
#include "agent/dns_walker.h"
#include "base/log.h"
#include "base/version.h"
#include "dns/forwarder.h"
#include "net/files.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

/// Interception::beat() is due this often.
constexpr auto kTick = std::chrono::seconds(1);
/// Routes have no generation that would tell of a change.
constexpr unsigned kTicksBetweenLooks = 10;
/// What is under way when the agent ends has this long, twice.
constexpr auto kGrace = std::chrono::seconds(2);

std::string without_final_dot(const dns::Name& name) {
    auto text = name.to_string();
    if (text.size() > 1) text.pop_back();
    return text;
}

}  // namespace

Result<std::unique_ptr<NodeDns>> NodeDns::make(net::EventLoop& loop, admin::Metrics& metrics,
                                               const std::string& node_name, DnsSettings settings,
                                               const kube::Stores& stores, WarnOfWaste warn) {
    DnsPlanFiles files{settings, [](const std::string& path) { return net::read_file(path); }};
    FAIRLEAD_TRY(auto plan, files.read());
    std::unique_ptr<NodeDns> dns{new NodeDns(loop, metrics, node_name, std::move(settings),
                                             {std::move(files), std::move(plan)}, stores, std::move(warn))};
    const auto make_engine = [&](dns::UsageRecorder& usage, dns::AnswerObserver& observer) {
        return dns->make_engine(usage, observer);
    };
    FAIRLEAD_TRY(dns->asker_, DnsAsker::make(loop, make_engine, dns->forwarding_.upstreams()));
    dns->walks_ = std::make_unique<DnsWalks>(*dns->asker_);
    if (dns->settings_.mode == DnsMode::kIntercept) {
        FAIRLEAD_TRY(dns->interception_, dns_server::Interception::open());
    } else {
        FAIRLEAD_CHECK(dns->start_server());
    }
    dns->tick();
    return dns;
}

NodeDns::NodeDns(net::EventLoop& loop, admin::Metrics& metrics, std::string node_name, DnsSettings settings,
                 NodeForwarding forwarding, const kube::Stores& stores, WarnOfWaste warn)
    : loop_(loop),
      metrics_(metrics),
      node_name_(std::move(node_name)),
      settings_(std::move(settings)),
      forwarding_(std::move(forwarding)),
      stores_(stores),
      zone_options_(forwarding_.plan().zone),
      zone_(zone_options_),
      clients_(zone_.reclaimer()),
      cache_(forwarding_.plan().forwarding.cache),
      waste_({settings_.waste_event_factor, settings_.waste_event_rate,
              std::chrono::seconds(settings_.waste_event_window_s)}),
      warn_(std::move(warn)),
      query_log_(loop, metrics) {
    query_log_.configure(settings_.query_log);
    for (std::uint32_t worker = 0; worker < settings_.workers; ++worker) {
        usages_.push_back(std::make_shared<dns::UsageRecorder>());
        reports_.push_back(std::make_shared<EngineReports>());
    }
}

NodeDns::~NodeDns() {
    timer_.reset();
    if (!server_) return;
    server_->stop(kGrace, [this] {
        if (interception_) interception_problem_.note(interception_->withdraw());
    });
    if (interception_) interception_problem_.note(interception_->remove());
}

void NodeDns::apply(const kube::ChangeSet& changes) {
    zone_.apply(changes, stores_, loop_.wall_now());
    if (!changes.pods.empty() || !changes.namespaces.empty() || !changes.services.empty()) update_clients();
    if (settings_.config_map && !changes.config_maps.empty()) {
        forwarding_.set_config_map(stores_.config_maps.find(*settings_.config_map));
        follow_files();
    }
    if (synced_ && !changes.services.empty()) serve();
    zone_.reclaimer().reclaim();
}

void NodeDns::set_synced() {
    synced_ = true;
    zone_.set_synced();
    update_clients();
    serve();
}

void NodeDns::judge_pods() {
    if (!blind_to_pods_since_) return;
    const bool were_certain = pods_.is_certain();
    pods_.update(loop_.now(), blind_to_pods_since_());
    if (pods_.is_certain() == were_certain) return;
    if (were_certain)
        base::log_warning("no search walk is collapsed: nothing is heard of this node's Pods");
    else
        base::log_info("search walks are collapsed again: this node's Pods are known");
    update_clients();
}

dns::ClientSettings NodeDns::client_settings() const {
    dns::ClientSettings settings;
    settings.node_name = node_name_;
    settings.default_mode = settings_.search;
    settings.kubelet.cluster_domain = without_final_dot(zone_options_.cluster_domains.front());
    settings.kubelet.node = forwarding_.node_resolver();
    settings.earlier_nodes = forwarding_.earlier_resolvers();
    settings.forwarding_version = forwarding_version_;
    settings.pods_are_certain = pods_.is_certain();
    if (settings_.mode == DnsMode::kIntercept) {
        for (const auto& address : dns_targets(settings_, stores_.services).addresses)
            settings.kubelet.cluster_dns.push_back(address.to_string());
    } else {
        for (const auto& listen : settings_.listen)
            settings.kubelet.cluster_dns.push_back(listen.address.to_string());
    }
    return settings;
}

void NodeDns::update_clients() {
    clients_.update(client_settings(), stores_.pods, stores_.namespaces);
    // A recorder has room for so many Pods only: those that are gone make way.
    absl::flat_hash_set<std::uint64_t> known;
    for (const auto& context : clients_.contexts())
        known.insert(context->pod_number);
    for (const auto& recorder : usages_)
        recorder->keep_only(known);
}

std::vector<dns_server::ListenAddress> NodeDns::listen_addresses() const {
    std::vector<dns_server::ListenAddress> listen;
    if (settings_.mode == DnsMode::kBind) {
        for (const auto& address : settings_.listen)
            listen.push_back({address, false});
        return listen;
    }
    for (const auto& address : served_)
        listen.push_back({{address, dns::kDnsPort}, true});
    return listen;
}

std::unique_ptr<dns::Engine> NodeDns::make_engine(dns::UsageRecorder& usage, dns::AnswerObserver& observer) {
    dns::EngineOptions options;
    options.cluster_domain = zone_options_.cluster_domains.front();
    options.version = "fairlead " + std::string(base::kVersion);
    options.server_id = node_name_;
    return std::make_unique<dns::Engine>(loop_.now(), options, dns::EngineShared{zone_, clients_, cache_},
                                         forwarding_.make(), usage, std::random_device{}(), &observer);
}

std::unique_ptr<dns_server::QueryHandler> NodeDns::make_handler(std::size_t worker) {
    auto tap = query_log_.new_tap();
    auto engine = make_engine(*usages_[worker], *tap);
    return std::make_unique<DnsHandler>(std::move(tap), std::move(engine), reports_[worker]);
}

Result<void> NodeDns::start_server() {
    dns_server::WorkerOptions options;
    options.listen = listen_addresses();
    options.upstreams = forwarding_.upstreams();
    FAIRLEAD_TRY(auto server, dns_server::DnsServer::start(
                                  settings_.workers, std::move(options),
                                  [this](std::size_t worker) { return make_handler(worker); },
                                  [](const std::string& problem) { base::log_warning("dns: " + problem); }));
    // The one before goes on until this one has the addresses: no query finds nobody.
    const auto before = std::exchange(server_, std::move(server));
    if (before) before->stop(kGrace, [] {});
    return {};
}

void NodeDns::follow_files() {
    const auto change = forwarding_.look();
    forwards_as_planned_ = forwards_as_planned_ && !change.forwarding;
    if (!forwards_as_planned_)
        forward_as_planned();
    else if (change.searches)
        update_clients();
}

void NodeDns::forward_as_planned() {
    auto done = server_ ? server_->reconfigure(forwarding_.upstreams(),
                                               [this](std::size_t) { return forwarding_.make(); })
                        : Result<void>{};
    if (done) done = asker_->reconfigure(forwarding_.upstreams(), forwarding_.make());
    forwarding_problem_.note(done);
    forwards_as_planned_ = done.has_value();
    if (!forwards_as_planned_) return;
    // After the workers: what they find out from now on, they find out from the new upstreams.
    ++forwarding_version_;
    update_clients();
    base::log_info("dns: forwards as the changed files say", {{"upstreams", forwarding_.upstreams().size()}});
}

void NodeDns::serve() {
    if (settings_.mode != DnsMode::kIntercept) return;
    auto targets = dns_targets(settings_, stores_.services);
    target_problem_.note(targets.problem.empty() ? Result<void>{}
                                                 : base::fail(ErrorCode::kNotFound, targets.problem));
    // Without addresses what an agent before this one intercepted goes, too.
    if (targets.addresses != served_ || targets.addresses.empty()) {
        served_ = std::move(targets.addresses);
        if (served_.empty()) {
            interception_problem_.note(interception_->withdraw());
            server_.reset();
            interception_problem_.note(interception_->remove());
            return;
        }
        server_problem_.note(start_server());
    }
    keep_interception();
}

void NodeDns::keep_interception() {
    if (!server_ || !interception_) return;
    const auto applied = interception_->apply(served_);
    if (applied && *applied)
        base::log_info("queries to the cluster DNS are answered on this node",
                       {{"addresses", served_.size()}});
    interception_problem_.note(applied ? Result<void>{} : Result<void>{std::unexpected(applied.error())});
    if (const auto generation = interception_->generation()) looked_at_generation_ = *generation;
    ticks_since_look_ = 0;
}

void NodeDns::tick() {
    timer_ = loop_.after(kTick, [this] { tick(); });
    zone_.reclaimer().reclaim();
    follow_files();
    judge_pods();
    const bool responds = server_ && server_->responds();
    publish();
    look_at_waste();
    if (settings_.mode != DnsMode::kIntercept || !synced_) return;
    if (!server_ && !served_.empty()) server_problem_.note(start_server());
    if (!server_) return;
    if (responds) interception_->beat();
    const auto generation = interception_->generation();
    if (++ticks_since_look_ >= kTicksBetweenLooks || !generation || *generation != looked_at_generation_)
        keep_interception();
}

void NodeDns::publish() {
    std::vector<EngineReport> reports;
    reports.reserve(reports_.size());
    for (const auto& worker : reports_)
        reports.push_back(worker->ask_anew());
    metrics_.show(reports, server_ ? server_->counts() : std::vector<dns_server::WorkerCounts>{},
                  cache_.stats());
}

std::vector<dns::PodUsage> NodeDns::usages() const {
    std::map<std::string, dns::PodUsage> by_pod;
    for (const auto& recorder : usages_)
        for (auto& usage : recorder->usages()) {
            const auto [known, added] = by_pod.try_emplace(usage.pod_uid + usage.pod.to_string(), usage);
            if (!added) known->second.add(usage);
        }
    std::vector<dns::PodUsage> usages;
    usages.reserve(by_pod.size());
    for (auto& [key, usage] : by_pod)
        usages.push_back(std::move(usage));
    return usages;
}

std::string NodeDns::usage_json() const {
    return dns::usage_json(usages());
}

void NodeDns::look_at_waste() {
    if (!waste_.is_due(loop_.now())) return;
    for (const auto& waste : waste_.look(loop_.now(), usages())) {
        base::log_warning("a Pod wastes DNS queries",
                          {{"pod", waste.pod.to_string()}, {"waste", waste.note}});
        warn_(waste);
    }
}

Result<DnsWalker> NodeDns::walker_of(const DnsWalkRequest& request) const {
    const auto kubelet = client_settings().kubelet;
    if (!request.pod) return walker_of_node(forwarding_.plan().node_resolv_conf, kubelet.cluster_dns);
    const auto pod = stores_.pods.find(*request.pod);
    if (!pod)
        return base::fail(base::ErrorCode::kNotFound,
                          "there is no Pod " + request.pod->to_string() + " on this node");
    const auto contexts = clients_.contexts();
    const auto known =
        std::ranges::find_if(contexts, [&](const auto& context) { return context->pod == *request.pod; });
    return walker_of_pod(*pod, kubelet, known == contexts.end() ? nullptr : known->get());
}

void NodeDns::walk(const std::string& query, const DnsWalks::Done& done) {
    auto request = parse_dns_walk_request(query);
    if (!request) return done(std::unexpected(std::move(request).error()));
    auto walker = walker_of(*request);
    if (!walker) return done(std::unexpected(std::move(walker).error()));
    walks_->walk(*std::move(request), *std::move(walker), done);
}

std::vector<std::string> NodeDns::problems() const {
    auto problems = forwarding_.problems();
    std::ranges::copy(clients_.problems(), std::back_inserter(problems));
    for (const auto* problem :
         {&forwarding_problem_, &target_problem_, &server_problem_, &interception_problem_})
        if (!problem->text().empty()) problems.push_back(problem->text());
    if (!pods_.is_certain())
        problems.emplace_back("dns: no search walk is collapsed: nothing is heard of this node's Pods");
    return problems;
}

}  // namespace fairlead::agent
