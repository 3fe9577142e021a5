#include "agent/node_forwarding.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/log.h"
#include "dns/forwarder.h"

namespace fairlead::agent {

namespace {

using base::Result;

/// Search domains of a resolv.conf that is older count as if no Pod had them.
constexpr std::size_t kMostEarlierResolvers = 8;

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

bool forward_alike(const dns::DnsConfig& a, const dns::DnsConfig& b) {
    return a.forward == b.forward && a.hosts == b.hosts && a.rewrites == b.rewrites && a.limits == b.limits;
}

/// Whether Pods search alike; whom the node itself asks is not in their resolv.conf.
bool search_alike(const dns::ResolverSettings& a, const dns::ResolverSettings& b) {
    return a.searches == b.searches && a.options == b.options;
}

void log_remarks(const DnsPlan& plan) {
    for (const auto& remark : plan.remarks)
        base::log_warning("dns: " + remark);
}

}  // namespace

NodeForwarding::NodeForwarding(DnsPlanFiles files, DnsPlan plan)
    : files_(std::move(files)), plan_(std::move(plan)), zone_(plan_.zone) {
    log_remarks(plan_);
    renew_loop_watch();
}

std::vector<dns::UpstreamServer> NodeForwarding::upstreams() const {
    return dns::Forwarder::upstreams_of(plan_.forwarding.forward);
}

dns::Forwarding NodeForwarding::make() const {
    const auto& [forward, hosts, rewrites, cache, limits] = plan_.forwarding;
    return {hosts, rewrites, std::make_unique<dns::Forwarder>(forward, limits, draw_key(), loops_)};
}

void NodeForwarding::renew_loop_watch() {
    loops_ = std::make_shared<dns::LoopWatch>(draw_secret(), upstreams().size());
}

NodeForwarding::Change NodeForwarding::look() {
    auto plan = files_.look();
    if (!plan) return {};
    files_problem_.note(*plan ? Result<void>{} : Result<void>{std::unexpected(plan->error())});
    return *plan ? take(**std::move(plan)) : Change{};
}

NodeForwarding::Change NodeForwarding::take(DnsPlan plan) {
    if (plan.remarks != plan_.remarks) log_remarks(plan);
    zone_problem_.note(
        plan.zone == zone_
            ? Result<void>{}
            : base::fail(base::ErrorCode::kBusy,
                         "what the Corefile says of kubernetes counts when the agent is started again"));
    const auto before = node_resolver();
    const bool forwards_alike = forward_alike(plan.forwarding, plan_.forwarding);
    plan_ = std::move(plan);
    if (!forwards_alike) renew_loop_watch();
    const bool searches_alike = search_alike(before, node_resolver());
    const auto is_known = [&](const dns::ResolverSettings& known) { return search_alike(known, before); };
    if (!searches_alike && std::ranges::none_of(earlier_resolvers_, is_known))
        earlier_resolvers_.push_back(before);
    if (earlier_resolvers_.size() > kMostEarlierResolvers)
        earlier_resolvers_.erase(earlier_resolvers_.begin());
    return {!forwards_alike, !searches_alike};
}

dns::ResolverSettings NodeForwarding::node_resolver() const {
    return dns::read_as_kubelet(plan_.node_resolv_conf);
}

std::vector<std::string> NodeForwarding::problems() const {
    std::vector<std::string> problems;
    for (const auto* problem : {&files_problem_, &zone_problem_})
        if (!problem->text().empty()) problems.push_back(problem->text());
    return problems;
}

}  // namespace fairlead::agent
