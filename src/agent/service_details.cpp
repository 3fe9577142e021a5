#include "agent/service_details.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/json_list.h"
#include "agent/page_query.h"
#include "agent/status.h"
#include "base/families.h"
#include "base/json.h"
#include "services/endpoint_reasons.h"
#include "services/frontend_claim.h"
#include "services/layout.h"
#include "services/service_elements.h"

namespace fairlead::agent {

namespace {

using base::Family;
using base::json_quote;
using base::Result;
using services::BackedFrontend;
using services::CatalogEntry;

std::string_view name_of(kube::TrafficPolicy policy) {
    return policy == kube::TrafficPolicy::kLocal ? "Local" : "Cluster";
}

std::string reasons_json(const std::vector<services::EndpointReason>& reasons) {
    return json_list(reasons, [](const services::EndpointReason& reason) {
        return fmt::format("{{\"endpoint\":{},\"used\":{},\"why\":{}}}",
                           json_quote(base::format_endpoint(reason.backend.address, reason.backend.port)),
                           reason.used, json_quote(reason.why));
    });
}

std::string elements_json(const std::vector<services::ShownElement>& elements) {
    return json_list(elements, [](const services::ShownElement& element) {
        return fmt::format("{{\"set\":{},\"element\":{},\"found\":{},\"drift\":{}}}", json_quote(element.set),
                           json_quote(element.text), element.found, json_quote(element.drift));
    });
}

/// Why nothing is programmed for a Service; empty: something is.
std::string why_not_served(const kube::Service& service) {
    if (service.type == kube::ServiceType::kExternalName) return "ExternalName: a matter of DNS";
    if (service.headless) return "headless: a matter of DNS";
    if (!service.service_proxy_name->empty())
        return "label service.kubernetes.io/service-proxy-name: left to " + *service.service_proxy_name;
    return service.cluster_ips.empty() ? "it has no ClusterIP yet" : "";
}

class Details {
  public:
    Details(const services::ServiceProxy& proxy, kernel::nftables::NftTables& tables,
            const CatalogEntry& entry)
        : proxy_(proxy), entry_(entry), service_(*entry.service) {
        for (const auto family : base::kFamilies)
            shows_.emplace_back(
                family,
                [&tables, family](std::string_view set, const kernel::nftables::ElementBytes& key) {
                    return tables.find_element(family, services::kTableName, set, key);
                },
                kDetailedElements / std::size(base::kFamilies));
    }

    Result<std::string> json() {
        std::string ports;
        for (const auto& port : service_.ports) {
            FAIRLEAD_TRY(const auto text, port_json(port));
            ports += (ports.empty() ? "" : ",") + text;
        }
        return fmt::format(
            "{{\"apiVersion\":\"fairlead.status/v1alpha1\",\"kind\":\"ServiceDetails\",{},\"ports\":[{}],"
            "\"elementsLeftOut\":{},\"conflicts\":{},\"refusedAddresses\":{}}}\n",
            head_json(), ports, shows_[0].left_out() + shows_[1].left_out(),
            json_list(conflicts(), conflict_json), json_list(refusals(), refusal_json));
    }

  private:
    [[nodiscard]] const services::NodePlace& node() const {
        return proxy_.proxy(Family::kIpv4).options().compile.node;
    }

    [[nodiscard]] std::string head_json() const {
        return fmt::format(
            "\"namespace\":{},\"name\":{},\"type\":\"{}\",\"clusterIPs\":{},\"notServed\":{},\"node\":{},"
            "\"zone\":{},"
            "\"internalTrafficPolicy\":\"{}\",\"externalTrafficPolicy\":\"{}\",\"affinityTimeoutSeconds\":{},"
            "\"trafficDistribution\":{},\"healthCheckNodePort\":{},\"annotations\":{}",
            json_quote(service_.key.namespace_name), json_quote(service_.key.name),
            kube::name_of(service_.type),
            json_list(service_.cluster_ips,
                      [](const base::IpAddress& address) { return json_quote(address.to_string()); }),
            json_quote(why_not_served(service_)), json_quote(node().name), json_quote(node().zone),
            name_of(service_.internal_traffic_policy), name_of(service_.external_traffic_policy),
            service_.affinity_timeout_s.value_or(0), json_quote(*service_.traffic_distribution),
            service_.health_check_node_port, json_list(*service_.annotations, [](const auto& annotation) {
                return json_quote(annotation.first + ": " + annotation.second);
            }));
    }

    Result<std::string> port_json(const kube::ServicePort& port) {
        std::string endpoints;
        std::size_t endpoint_count = 0;
        std::string frontends;
        for (const auto family : base::kFamilies) {
            std::size_t count = 0;
            for (const auto& judged : services::judge_endpoints(entry_.slices, port, family, node()))
                if (judged.cluster != services::EndpointUse::kOtherFamily && ++count <= kDetailedEndpoints)
                    endpoints += (endpoints.empty() ? "" : ",") + endpoint_json(judged);
            endpoint_count += count;
            const auto& options = proxy_.proxy(family).options().compile;
            auto compiled = services::compile(service_, entry_.slices, family, options).frontends;
            std::ranges::stable_sort(compiled, {}, &BackedFrontend::kind);
            for (const auto& backed : compiled) {
                if (services::port_of(service_, backed.frontend, backed.kind) != &port) continue;
                FAIRLEAD_TRY(const auto text, frontend_json(port, backed));
                frontends += (frontends.empty() ? "" : ",") + text;
            }
        }
        return fmt::format(
            "{{\"name\":{},\"protocol\":\"{}\",\"port\":{},\"nodePort\":{},\"endpointCount\":{},"
            "\"endpoints\":[{}],\"frontends\":["
            "{}]}}",
            json_quote(port.name), base::name_of(port.protocol), port.port, port.node_port, endpoint_count,
            endpoints, frontends);
    }

    static std::string endpoint_json(const services::JudgedEndpoint& judged) {
        const auto& endpoint = judged.endpoint();
        return fmt::format("{{\"endpoint\":{},\"node\":{},\"zone\":{},\"condition\":\"{}\",\"slice\":{}}}",
                           json_quote(base::format_endpoint(endpoint.address, judged.port)),
                           json_quote(judged.slice->node_name(endpoint)),
                           json_quote(judged.slice->zone(endpoint)), services::condition_of(endpoint),
                           json_quote(judged.slice->key.name));
    }

    Result<std::string> frontend_json(const kube::ServicePort& port, const BackedFrontend& backed) {
        const auto& frontend = backed.frontend;
        const auto claim = services::claim_of(entry_, port, backed, node(), kDetailedEndpoints);
        const auto owner = owner_of(frontend);
        std::vector<services::ShownElement> elements;
        if (owner == service_.key) {
            FAIRLEAD_TRY(elements, elements_of(backed));
        }
        return fmt::format(
            "{{\"kind\":\"{}\",\"address\":{},\"port\":{},\"state\":\"{}\",\"written\":{},\"owner\":{},"
            "\"endpointCount\":{},\"reasons\":{}{},\"elements\":{}}}",
            services::name_of(backed.kind), json_quote(frontend.address.to_string()), frontend.port,
            frontend_state(proxy_, frontend), owner != service_.key || is_written(backed),
            json_quote(owner.to_string()), claim.endpoint_count, reasons_json(claim.reasons),
            backed.backing.outside_backends ? ",\"outsideReasons\":" + reasons_json(claim.outside_reasons)
                                            : "",
            elements_json(elements));
    }

    [[nodiscard]] kube::ObjectKey owner_of(const services::Frontend& frontend) const {
        const auto owner = proxy_.proxy(frontend.address.family()).wanted().owner(frontend);
        return owner ? proxy_.catalog().entry(*owner).key : kube::ObjectKey{};
    }

    /// The kernel has what the objects say, as far as the agent knows.
    [[nodiscard]] bool is_written(const BackedFrontend& backed) const {
        const auto& programmed = proxy_.proxy(backed.frontend.address.family()).programmed().frontends;
        const auto found = programmed.find(backed.frontend);
        if (found == programmed.end()) return false;
        auto written = found->second;
        std::ranges::sort(written.backends);
        if (written.outside_backends) std::ranges::sort(*written.outside_backends);
        return written == backed.backing;
    }

    Result<std::vector<services::ShownElement>> elements_of(const BackedFrontend& backed) {
        const auto family = backed.frontend.address.family();
        const auto& programmed = proxy_.proxy(family).programmed().frontends;
        const auto found = programmed.find(backed.frontend);
        if (found == programmed.end()) return std::vector<services::ShownElement>{};
        return shows_[family == Family::kIpv4 ? 0 : 1].of(backed.frontend, found->second, backed.kind);
    }

    [[nodiscard]] std::vector<services::Conflict> conflicts() const {
        std::vector<services::Conflict> ours;
        for (const auto family : base::kFamilies)
            for (auto& conflict : proxy_.proxy(family).wanted().conflicts())
                if (conflict.owner == service_.key || conflict.loser == service_.key)
                    ours.push_back(std::move(conflict));
        return ours;
    }

    [[nodiscard]] std::vector<services::Refusal> refusals() const {
        std::vector<services::Refusal> ours;
        for (const auto family : base::kFamilies)
            for (auto& refusal : proxy_.proxy(family).wanted().refusals())
                if (refusal.service == service_.key) ours.push_back(std::move(refusal));
        return ours;
    }

    const services::ServiceProxy& proxy_;
    const CatalogEntry& entry_;
    const kube::Service& service_;
    std::vector<services::ElementShow> shows_;
};

}  // namespace

Result<std::string> service_details_json(const services::ServiceProxy& proxy,
                                         kernel::nftables::NftTables& tables, std::string_view query) {
    constexpr std::string_view kParameters[] = {"namespace", "name"};
    FAIRLEAD_TRY(const auto parameters, parse_page_query(query, kParameters));
    if (parameters.size() != std::size(kParameters))
        return base::fail(base::ErrorCode::kInvalid, "namespace and name are needed");
    const kube::ObjectKey key{parameters.at("namespace"), parameters.at("name")};
    const auto* entry = proxy.catalog().find(key);
    if (entry == nullptr || !entry->service)
        return base::fail(base::ErrorCode::kNotFound, "there is no Service " + key.to_string());
    return Details{proxy, tables, *entry}.json();
}

}  // namespace fairlead::agent
