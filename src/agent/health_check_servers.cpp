#include "agent/health_check_servers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/log.h"

namespace fairlead::agent {

namespace {

// kube-proxy may have the port, and be about to go (docs/migration.md).
constexpr std::chrono::seconds kPauseBetweenOpens{1};

}  // namespace

HealthCheckServers::HealthCheckServers(net::EventLoop& loop, admin::Metrics& metrics,
                                       std::function<bool()> healthy, OnTaken on_taken)
    : loop_(loop),
      failures_(metrics.counter("fairlead_health_check_listen_failures_total",
                                "healthCheckNodePorts that could not be listened on.")),
      healthy_(std::move(healthy)),
      on_taken_(std::move(on_taken)) {}

void HealthCheckServers::serve(const std::map<services::ServiceId, services::HealthCheck>& checks,
                               std::span<const base::IpAddress> addresses) {
    std::map<base::SocketAddress, services::HealthCheck> wanted;
    for (const auto& [id, check] : checks)
        for (const auto& address : addresses)
            wanted.try_emplace({address, check.port}, check);
    std::erase_if(places_, [&](const auto& place) { return !wanted.contains(place.first); });
    for (const auto& [address, check] : wanted) {
        auto& place = places_[address];
        place.check = check;
    }
    open_all();
}

void HealthCheckServers::open_all() {
    for (auto& [address, place] : places_)
        if (!place.server) open(address, place);
    report_taken();
    const bool missing = std::ranges::any_of(places_, [](const auto& each) { return !each.second.server; });
    retry_ = missing ? loop_.after(kPauseBetweenOpens, [this] { open_all(); }) : net::Subscription{};
}

void HealthCheckServers::report_taken() {
    decltype(taken_) taken;
    for (const auto& [address, place] : places_) {
        if (place.problem.empty()) continue;
        const std::pair key{place.check.service, place.check.port};
        if (taken.insert(key).second && !taken_.contains(key)) on_taken_(place.check, place.problem);
    }
    taken_ = std::move(taken);
}

void HealthCheckServers::open(const base::SocketAddress& address, Place& place) {
    auto server = net::HttpServer::listen(
        loop_, address, [this, address](const net::HttpQuestion&) { return answer(address); });
    if (server) {
        place.server = *std::move(server);
        place.problem.clear();
        return;
    }
    // It is tried every second: once is enough to say why.
    if (server.error().message == place.problem) return;
    failures_.add();
    place.problem = std::move(server).error().message;
    base::log_error("cannot answer a load balancer's health checks",
                    {{"service", place.check.service.to_string()}, {"error", place.problem}});
}

net::HttpAnswer HealthCheckServers::answer(const base::SocketAddress& address) const {
    const auto& check = places_.at(address).check;
    const auto count = check.local_endpoints_of(address.address.family());
    const bool healthy = healthy_();
    net::HttpAnswer answer;
    constexpr unsigned kOk = 200;
    constexpr unsigned kServiceUnavailable = 503;
    answer.status = healthy && count > 0 ? kOk : kServiceUnavailable;
    answer.content_type = "application/json";
    answer.headers = {{"X-Content-Type-Options", "nosniff"},
                      {"X-Load-Balancing-Endpoint-Weight", std::to_string(count)}};
    answer.body = fmt::format(
        "{{\"service\":{{\"namespace\":{},\"name\":{}}},\"localEndpoints\":{},\"serviceProxyHealthy\":{}}}\n",
        base::json_quote(check.service.namespace_name), base::json_quote(check.service.name), count, healthy);
    return answer;
}

std::vector<std::string> HealthCheckServers::problems() const {
    std::vector<std::string> problems;
    for (const auto& [address, place] : places_)
        if (!place.problem.empty())
            problems.push_back("healthCheckNodePort of Service " + place.check.service.to_string() + ": " +
                               place.problem);
    return problems;
}

}  // namespace fairlead::agent
