#include "agent/node_dns.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

#include "agent/dns_handler.h"
#include "agent/dns_targets.h"
#include "base/log.h"
#include "base/version.h"
#include "dns/forwarder.h"
#include "dns/search_list.h"
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

std::uint64_t draw_secret() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

dns::SecureRandom::Key draw_key() {
    dns::SecureRandom::Key key{};
    std::random_device device;
    std::ranges::generate(key, [&] { return static_cast<std::uint8_t>(device()); });
    return key;
}

std::string without_final_dot(const dns::Name& name) {
    auto text = name.to_string();
    if (text.size() > 1) text.pop_back();
    return text;
}

std::vector<dns_server::Upstream> upstreams_of(const std::vector<dns::ForwardZone>& zones) {
    std::vector<dns_server::Upstream> upstreams;
    for (const auto& server : dns::Forwarder::upstreams_of(zones)) {
        dns_server::Upstream upstream{server.address, server.interface, {}};
        upstream.tls.server_name = server.tls_server_name;
        upstreams.push_back(std::move(upstream));
    }
    return upstreams;
}

}  // namespace

Result<std::unique_ptr<NodeDns>> NodeDns::make(net::EventLoop& loop, admin::Metrics& metrics,
                                               const std::string& node_name, DnsSettings settings,
                                               const kube::Stores& stores) {
    const auto read = [](const std::string& path) { return net::read_file(path); };
    FAIRLEAD_TRY(auto plan, plan_dns(settings, read));
    for (const auto& remark : plan.remarks)
        base::log_warning("dns: " + remark);
    FAIRLEAD_TRY(auto resolv_conf, read(settings.resolv_conf));
    std::unique_ptr<NodeDns> dns{
        new NodeDns(loop, metrics, node_name, std::move(settings), std::move(plan), stores)};
    dns->node_resolv_conf_ = std::move(resolv_conf);
    if (dns->settings_.mode == DnsMode::kIntercept) {
        FAIRLEAD_TRY(dns->interception_, dns_server::Interception::open());
    } else {
        FAIRLEAD_CHECK(dns->start_server());
    }
    dns->tick();
    return dns;
}

NodeDns::NodeDns(net::EventLoop& loop, admin::Metrics& metrics, std::string node_name, DnsSettings settings,
                 DnsPlan plan, const kube::Stores& stores)
    : loop_(loop),
      metrics_(metrics),
      node_name_(std::move(node_name)),
      settings_(std::move(settings)),
      plan_(std::move(plan)),
      stores_(stores),
      zone_(plan_.zone),
      clients_(zone_.reclaimer()),
      cache_(plan_.forwarding.cache),
      loops_(std::make_shared<dns::LoopWatch>(draw_secret(), upstreams_of(plan_.forwarding.forward).size())) {
    for (std::uint32_t worker = 0; worker < settings_.workers; ++worker) {
        usages_.push_back(std::make_shared<dns::UsageRecorder>());
        reports_.push_back(std::make_shared<EngineReports>());
    }
}

NodeDns::~NodeDns() {
    timer_.reset();
    if (!server_) return;
    server_->stop(kGrace, [this] {
        if (interception_) note(interception_problem_, interception_->remove(), "interception");
    });
}

void NodeDns::apply(const kube::ChangeSet& changes) {
    zone_.apply(changes, stores_, loop_.wall_now());
    if (!changes.pods.empty() || !changes.namespaces.empty() || !changes.services.empty()) update_clients();
    if (synced_ && !changes.services.empty()) serve();
    zone_.reclaimer().reclaim();
}

void NodeDns::set_synced() {
    synced_ = true;
    zone_.set_synced();
    update_clients();
    serve();
}

void NodeDns::update_clients() {
    dns::ClientSettings settings;
    settings.node_name = node_name_;
    settings.default_mode = settings_.search;
    settings.kubelet.cluster_domain = without_final_dot(plan_.zone.cluster_domains.front());
    settings.kubelet.node = dns::read_as_kubelet(node_resolv_conf_);
    if (settings_.mode == DnsMode::kIntercept) {
        for (const auto& address : dns_targets(settings_, stores_.services).addresses)
            settings.kubelet.cluster_dns.push_back(address.to_string());
    } else {
        for (const auto& listen : settings_.listen)
            settings.kubelet.cluster_dns.push_back(listen.address.to_string());
    }
    clients_.update(settings, stores_.pods, stores_.namespaces);
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

std::unique_ptr<dns_server::QueryHandler> NodeDns::make_handler(std::size_t worker) {
    dns::EngineOptions options;
    options.cluster_domain = plan_.zone.cluster_domains.front();
    options.version = "fairlead " + std::string(base::kVersion);
    options.server_id = node_name_;
    options.hosts = plan_.forwarding.hosts;
    options.rewrites = plan_.forwarding.rewrites;
    auto forwarder = std::make_unique<dns::Forwarder>(plan_.forwarding.forward, plan_.forwarding.limits,
                                                      draw_key(), loops_);
    auto engine =
        std::make_unique<dns::Engine>(loop_.now(), options, dns::EngineShared{zone_, clients_, cache_},
                                      std::move(forwarder), *usages_[worker], draw_secret());
    return std::make_unique<DnsHandler>(std::move(engine), reports_[worker]);
}

Result<void> NodeDns::start_server() {
    dns_server::WorkerOptions options;
    options.listen = listen_addresses();
    options.upstreams = upstreams_of(plan_.forwarding.forward);
    FAIRLEAD_TRY(auto server, dns_server::DnsServer::start(
                                  settings_.workers, std::move(options),
                                  [this](std::size_t worker) { return make_handler(worker); },
                                  [](const std::string& problem) { base::log_warning("dns: " + problem); }));
    // The one before goes on until this one has the addresses: no query finds nobody.
    const auto before = std::exchange(server_, std::move(server));
    if (before) before->stop(kGrace, [] {});
    return {};
}

void NodeDns::serve() {
    if (settings_.mode != DnsMode::kIntercept) return;
    auto targets = dns_targets(settings_, stores_.services);
    note(target_problem_,
         targets.problem.empty() ? Result<void>{} : base::fail(ErrorCode::kNotFound, targets.problem),
         "interception");
    if (targets.addresses != served_) {
        served_ = std::move(targets.addresses);
        if (served_.empty()) {
            note(interception_problem_, interception_->remove(), "interception");
            server_.reset();
            return;
        }
        note(server_problem_, start_server(), "server");
    }
    keep_interception();
}

void NodeDns::keep_interception() {
    if (!server_ || !interception_) return;
    const auto applied = interception_->apply(served_);
    if (applied && *applied)
        base::log_info("queries to the cluster DNS are answered on this node",
                       {{"addresses", served_.size()}});
    note(interception_problem_, applied ? Result<void>{} : Result<void>{std::unexpected(applied.error())},
         "interception");
    if (const auto generation = interception_->generation()) looked_at_generation_ = *generation;
    ticks_since_look_ = 0;
}

void NodeDns::note(std::string& place, const Result<void>& done, std::string_view what) {
    std::string problem = done ? "" : "dns " + std::string(what) + ": " + done.error().message;
    if (!problem.empty() && problem != place) base::log_error(problem);
    place = std::move(problem);
}

void NodeDns::tick() {
    timer_ = loop_.after(kTick, [this] { tick(); });
    zone_.reclaimer().reclaim();
    const bool responds = server_ && server_->responds();
    publish();
    if (settings_.mode != DnsMode::kIntercept || !synced_) return;
    if (!server_ && !served_.empty()) note(server_problem_, start_server(), "server");
    if (!server_) return;
    if (responds) interception_->beat();
    const auto generation = interception_->generation();
    if (++ticks_since_look_ >= kTicksBetweenLooks || !generation || *generation != looked_at_generation_)
        keep_interception();
}

void NodeDns::publish() {
    std::vector<EngineReport> reports;
    for (const auto& worker : reports_)
        reports.push_back(worker->ask_anew());
    metrics_.show(reports, server_ ? server_->counts() : std::vector<dns_server::WorkerCounts>{},
                  cache_.stats());
}

std::string NodeDns::usage_json() const {
    std::map<std::string, dns::PodUsage> by_pod;
    for (const auto& recorder : usages_)
        for (auto& usage : recorder->usages()) {
            const auto [known, added] = by_pod.try_emplace(usage.pod_uid + usage.pod.to_string(), usage);
            if (!added) known->second.add(usage);
        }
    std::vector<dns::PodUsage> usages;
    for (auto& [key, usage] : by_pod)
        usages.push_back(std::move(usage));
    return dns::usage_json(std::move(usages));
}

std::vector<std::string> NodeDns::problems() const {
    auto problems = clients_.problems();
    for (const auto* problem : {&target_problem_, &server_problem_, &interception_problem_})
        if (!problem->empty()) problems.push_back(*problem);
    return problems;
}

}  // namespace fairlead::agent
