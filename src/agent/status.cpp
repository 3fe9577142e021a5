#include "agent/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/json_list.h"
#include "agent/service_query.h"
#include "base/families.h"
#include "base/json.h"
#include "base/version.h"
#include "services/annotations.h"
#include "services/compile.h"

namespace fairlead::agent {

namespace {

using base::json_quote;
using services::Backend;
using services::CatalogEntry;
using services::Frontend;
using services::ServiceProxy;

std::string family_json(const services::FamilyProxy& proxy) {
    const auto& programmed = proxy.programmed();
    std::size_t endpoints = 0;
    std::size_t rejected = 0;
    for (const auto& [frontend, backing] : programmed.frontends) {
        endpoints += backing.backends.size();
        rejected += backing.backends.empty() ? 1U : 0U;
    }
    return fmt::format(
        "{{\"frontends\":{},\"frontendsWithoutEndpoints\":{},\"endpoints\":{},\"clusterIPs\":{},\"pending\":{"
        "}}}",
        programmed.frontends.size(), rejected, endpoints, programmed.cluster_ips.size(), proxy.has_pending());
}

std::string endpoints_json(const std::vector<Backend>& backends) {
    return json_list(backends, [](const Backend& backend) {
        return json_quote(base::format_endpoint(backend.address, backend.port));
    });
}

std::string frontend_json(const ServiceProxy& proxy, const Frontend& frontend, services::FrontendKind kind) {
    const auto& programmed = proxy.proxy(frontend.address.family()).programmed().frontends;
    const auto found = programmed.find(frontend);
    const auto backing = found == programmed.end() ? services::Backing{} : found->second;
    const auto outside =
        backing.outside_backends ? ",\"outsideEndpoints\":" + endpoints_json(*backing.outside_backends) : "";
    return fmt::format("{{\"kind\":\"{}\",\"address\":{},\"port\":{},\"state\":\"{}\",\"endpoints\":{}{}}}",
                       services::name_of(kind), json_quote(frontend.address.to_string()), frontend.port,
                       frontend_state(proxy, frontend), endpoints_json(backing.backends), outside);
}

/// The frontends of one port of a Service, by kind and address.
std::string frontends_json(const ServiceProxy& proxy, const CatalogEntry& entry,
                           const kube::ServicePort& port) {
    std::vector<std::pair<services::FrontendKind, Frontend>> frontends;
    for (const auto family : base::kFamilies) {
        const auto& options = proxy.proxy(family).options().compile;
        for (const auto& [frontend, backing, kind] :
             services::compile(*entry.service, entry.slices, family, options).frontends) {
            const auto number = kind == services::FrontendKind::kNodePort ? port.node_port : port.port;
            if (frontend.protocol == port.protocol && frontend.port == number)
                frontends.emplace_back(kind, frontend);
        }
    }
    std::ranges::sort(frontends);
    return json_list(frontends, [&](const auto& frontend) {
        return frontend_json(proxy, frontend.second, frontend.first);
    });
}

std::string port_json(const ServiceProxy& proxy, const CatalogEntry& entry, const kube::ServicePort& port) {
    const auto node_port = port.node_port == 0 ? "" : fmt::format(",\"nodePort\":{}", port.node_port);
    return fmt::format("{{\"name\":{},\"protocol\":\"{}\",\"port\":{}{},\"frontends\":{}}}",
                       json_quote(port.name), base::name_of(port.protocol), port.port, node_port,
                       frontends_json(proxy, entry, port));
}

std::vector<std::string> annotation_problems(const ServiceProxy& proxy) {
    std::vector<std::string> problems;
    for (const auto id : proxy.catalog().all())
        if (const auto& service = proxy.catalog().entry(id).service)
            std::ranges::move(services::annotation_problems(*service), std::back_inserter(problems));
    std::ranges::sort(problems);
    return problems;
}

std::string service_json(const ServiceProxy& proxy, const CatalogEntry& entry) {
    const auto& service = *entry.service;
    return fmt::format(
        "{{\"namespace\":{},\"name\":{},\"type\":\"{}\",\"clusterIPs\":{},\"ports\":{}}}",
        json_quote(service.key.namespace_name), json_quote(service.key.name), kube::name_of(service.type),
        json_list(service.cluster_ips,
                  [](const base::IpAddress& address) { return json_quote(address.to_string()); }),
        json_list(service.ports,
                  [&](const kube::ServicePort& port) { return port_json(proxy, entry, port); }));
}

}  // namespace

std::string_view frontend_state(const ServiceProxy& proxy, const Frontend& frontend) {
    const auto& programmed = proxy.proxy(frontend.address.family()).programmed().frontends;
    const auto found = programmed.find(frontend);
    if (found == programmed.end()) return "pending";
    if (!found->second.backends.empty()) return "balanced";
    return found->second.unserved == services::Unserved::kDropped ? "dropped" : "rejected";
}

std::string conflict_json(const services::Conflict& conflict) {
    return fmt::format("{{\"frontend\":{},\"protocol\":\"{}\",\"owner\":{},\"loser\":{}}}",
                       json_quote(base::format_endpoint(conflict.frontend.address, conflict.frontend.port)),
                       base::name_of(conflict.frontend.protocol), json_quote(conflict.owner.to_string()),
                       json_quote(conflict.loser.to_string()));
}

std::string refusal_json(const services::Refusal& refusal) {
    return fmt::format("{{\"service\":{},\"address\":{}}}", json_quote(refusal.service.to_string()),
                       json_quote(refusal.address.to_string()));
}

std::string status_json(const StatusFacts& facts, const ServiceProxy& proxy) {
    std::vector<services::Conflict> conflicts;
    std::vector<services::Refusal> refusals;
    auto problems = facts.problems;
    std::ranges::move(annotation_problems(proxy), std::back_inserter(problems));
    std::string families;
    for (const auto family : base::kFamilies) {
        families += fmt::format("{}\"{}\":{}", families.empty() ? "" : ",", base::name_of(family),
                                family_json(proxy.proxy(family)));
        for (auto& conflict : proxy.proxy(family).wanted().conflicts())
            conflicts.push_back(std::move(conflict));
        for (auto& refusal : proxy.proxy(family).wanted().refusals())
            refusals.push_back(std::move(refusal));
    }
    return fmt::format(
        "{{\"version\":{},\"node\":{},\"source\":{},\"ready\":{},\"notReady\":{},\"lastError\":{},"
        "\"families\":{{{}}},\"conntrackGuard\":{{\"mode\":\"{}\",\"droppedPackets\":{}}},\"conflicts\":{},"
        "\"refusedAddresses\":{},\"problems\":{}}}\n",
        json_quote(base::kVersion), json_quote(facts.node_name), json_quote(facts.source),
        facts.not_ready.empty(), json_list(facts.not_ready, json_quote), json_quote(facts.last_error),
        families, facts.conntrack_guard, facts.invalid_dropped_packets, json_list(conflicts, conflict_json),
        json_list(refusals, refusal_json), json_list(problems, json_quote));
}

base::Result<std::string> services_json(const ServiceProxy& proxy, std::string_view query) {
    FAIRLEAD_TRY(const auto wanted, parse_service_query(query));
    std::map<kube::ObjectKey, const CatalogEntry*> sorted;
    for (const auto id : proxy.catalog().all()) {
        const auto& entry = proxy.catalog().entry(id);
        const auto& service = entry.service;
        if (service && wanted.matches(service->key)) sorted.emplace(service->key, &entry);
    }
    return "{\"services\":" +
           json_list(sorted, [&](const auto& service) { return service_json(proxy, *service.second); }) +
           "}\n";
}

}  // namespace fairlead::agent
