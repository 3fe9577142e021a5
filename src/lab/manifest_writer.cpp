#include "lab/manifest_writer.h"

#include <fmt/format.h>

#include <span>

#include "base/json.h"

namespace fairlead::lab {

namespace {

using base::json_quote;

/// What says that an object is being deleted; when is not kept.
constexpr std::string_view kSomeTime = "1970-01-01T00:00:00Z";

/// A JSON object that is being written; empty fields are left out.
class JsonObject {
  public:
    JsonObject& raw(std::string_view key, const std::string& json) {
        text_ += (text_.size() > 1 ? "," : "") + json_quote(key) + ":" + json;
        return *this;
    }
    JsonObject& text(std::string_view key, std::string_view value) {
        return value.empty() ? *this : raw(key, json_quote(value));
    }
    JsonObject& number(std::string_view key, std::uint64_t value) {
        return value == 0 ? *this : raw(key, std::to_string(value));
    }
    JsonObject& flag(std::string_view key, bool value) { return value ? raw(key, "true") : *this; }
    [[nodiscard]] std::string done() const { return text_ + "}"; }

  private:
    std::string text_ = "{";
};

template <class Range, class ToJson>
std::string list(const Range& range, ToJson to_json) {
    std::string text = "[";
    for (const auto& item : range)
        text += (text.size() > 1 ? "," : "") + to_json(item);
    return text + "]";
}

template <class Range>
std::string texts(const Range& range) {
    return list(range, [](const auto& item) { return json_quote(item.to_string()); });
}

std::string labels_json(const kube::Labels& labels) {
    JsonObject object;
    for (const auto& [key, value] : labels)
        object.raw(key, json_quote(value));
    return object.done();
}

JsonObject metadata(const kube::ObjectKey& key, std::string_view uid, const kube::Labels& labels) {
    JsonObject object;
    object.text("namespace", key.namespace_name).text("name", key.name).text("uid", uid);
    if (!labels.empty()) object.raw("labels", labels_json(labels));
    return object;
}

std::string_view name_of(kube::TrafficPolicy policy) {
    return policy == kube::TrafficPolicy::kLocal ? "Local" : "Cluster";
}

std::string_view name_of(kube::IpFamilyPolicy policy) {
    switch (policy) {
        case kube::IpFamilyPolicy::kSingleStack:
            return "SingleStack";
        case kube::IpFamilyPolicy::kPreferDualStack:
            return "PreferDualStack";
        case kube::IpFamilyPolicy::kRequireDualStack:
            break;
    }
    return "RequireDualStack";
}

std::string port_json(const kube::ServicePort& port) {
    const auto* const target_name = std::get_if<std::string>(&port.target_port);
    JsonObject object;
    object.text("name", port.name).text("protocol", base::name_of(port.protocol)).number("port", port.port);
    object.number("nodePort", port.node_port).text("appProtocol", port.app_protocol);
    object.raw("targetPort", target_name != nullptr
                                 ? json_quote(*target_name)
                                 : std::to_string(std::get<std::uint16_t>(port.target_port)));
    return object.done();
}

std::string spec_json(const kube::Service& service) {
    JsonObject spec;
    spec.text("type", kube::name_of(service.type)).raw("ports", list(service.ports, port_json));
    if (service.headless) spec.text("clusterIP", "None");
    if (!service.cluster_ips.empty()) {
        spec.text("clusterIP", service.cluster_ips.front().to_string());
        spec.raw("clusterIPs", texts(service.cluster_ips));
    }
    if (!service.selector.empty()) spec.raw("selector", labels_json(service.selector));
    spec.raw("externalIPs", texts(service.external_ips));
    spec.raw("loadBalancerSourceRanges", texts(service.load_balancer_source_ranges));
    if (service.affinity_timeout_s) {
        spec.text("sessionAffinity", "ClientIP");
        spec.raw("sessionAffinityConfig",
                 fmt::format(R"({{"clientIP":{{"timeoutSeconds":{}}}}})", *service.affinity_timeout_s));
    }
    spec.text("externalTrafficPolicy", name_of(service.external_traffic_policy));
    spec.text("internalTrafficPolicy", name_of(service.internal_traffic_policy));
    spec.number("healthCheckNodePort", service.health_check_node_port);
    spec.flag("publishNotReadyAddresses", service.publish_not_ready_addresses);
    spec.text("trafficDistribution", *service.traffic_distribution);
    spec.text("externalName", *service.external_name);
    spec.raw("ipFamilies", list(service.ip_families,
                                [](base::Family family) { return json_quote(base::name_of(family)); }));
    spec.text("ipFamilyPolicy", name_of(service.ip_family_policy));
    return spec.done();
}

std::string to_json(const kube::Service& service) {
    kube::Labels labels;
    if (!service.service_proxy_name->empty())
        labels.emplace("service.kubernetes.io/service-proxy-name", *service.service_proxy_name);
    auto about = metadata(service.key, service.uid, labels);
    if (!service.annotations->empty()) about.raw("annotations", labels_json(*service.annotations));
    const auto ingress = list(service.load_balancer_ips, [](const base::IpAddress& ip) {
        return JsonObject{}.text("ip", ip.to_string()).done();
    });
    return JsonObject{}
        .text("apiVersion", "v1")
        .text("kind", "Service")
        .raw("metadata", about.done())
        .raw("spec", spec_json(service))
        .raw("status", R"({"loadBalancer":{"ingress":)" + ingress + "}}")
        .done();
}

std::string hints_json(const kube::EndpointSlice& slice, std::span<const kube::EndpointHint> hints) {
    std::string zones;
    std::string nodes;
    for (const auto& hint : hints) {
        auto& names = hint.kind == kube::EndpointHint::Kind::kZone ? zones : nodes;
        names += (names.empty() ? "" : ",") + JsonObject{}.text("name", slice.names[hint.name]).done();
    }
    return JsonObject{}.raw("forZones", "[" + zones + "]").raw("forNodes", "[" + nodes + "]").done();
}

std::string endpoint_json(const kube::EndpointSlice& slice, const kube::Endpoint& endpoint) {
    const auto condition = [](bool value) { return std::string(value ? "true" : "false"); };
    JsonObject object;
    object.raw("addresses", "[" + json_quote(endpoint.address.to_string()) + "]");
    object.raw("conditions", JsonObject{}
                                 .raw("ready", condition(endpoint.ready))
                                 .raw("serving", condition(endpoint.serving))
                                 .raw("terminating", condition(endpoint.terminating))
                                 .done());
    object.text("nodeName", slice.node_name(endpoint)).text("zone", slice.zone(endpoint));
    const auto hints = slice.hints_of(static_cast<std::size_t>(&endpoint - slice.endpoints.data()));
    if (!hints.empty()) object.raw("hints", hints_json(slice, hints));
    return object.done();
}

std::string to_json(const kube::EndpointSlice& slice) {
    kube::Labels labels;
    if (!slice.service_name.empty()) labels.emplace("kubernetes.io/service-name", slice.service_name);
    if (slice.made_by_controller)
        labels.emplace("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
    const auto port = [](const kube::EndpointPort& given) {
        return JsonObject{}
            .text("name", given.name)
            .text("protocol", base::name_of(given.protocol))
            .number("port", given.port)
            .done();
    };
    return JsonObject{}
        .text("apiVersion", "discovery.k8s.io/v1")
        .text("kind", "EndpointSlice")
        .raw("metadata", metadata(slice.key, "", labels).done())
        .text("addressType", base::name_of(slice.family))
        .raw("ports", list(slice.ports, port))
        .raw("endpoints",
             list(slice.endpoints,
                  [&](const kube::Endpoint& endpoint) { return endpoint_json(slice, endpoint); }))
        .done();
}

std::string to_json(const kube::Node& node) {
    const auto addresses = list(node.addresses, [](const base::IpAddress& address) {
        return JsonObject{}.text("type", "InternalIP").text("address", address.to_string()).done();
    });
    return JsonObject{}
        .text("apiVersion", "v1")
        .text("kind", "Node")
        .raw("metadata", metadata(node.key, "", node.labels).done())
        .raw("spec", JsonObject{}.raw("podCIDRs", texts(node.pod_cidrs)).done())
        .raw("status", JsonObject{}.raw("addresses", addresses).done())
        .done();
}

std::string to_json(const kube::Namespace& space) {
    return JsonObject{}
        .text("apiVersion", "v1")
        .text("kind", "Namespace")
        .raw("metadata", metadata(space.key, "", space.labels).done())
        .done();
}

std::string to_json(const kube::ServiceCidr& service_cidr) {
    const auto ready =
        JsonObject{}.text("type", "Ready").text("status", service_cidr.ready ? "True" : "False").done();
    auto about = metadata(service_cidr.key, "", {});
    if (service_cidr.terminating) about.text("deletionTimestamp", kSomeTime);
    return JsonObject{}
        .text("apiVersion", "networking.k8s.io/v1")
        .text("kind", "ServiceCIDR")
        .raw("metadata", about.done())
        .raw("spec", JsonObject{}.raw("cidrs", texts(service_cidr.cidrs)).done())
        .raw("status", JsonObject{}.raw("conditions", "[" + ready + "]").done())
        .done();
}

std::string pod_status_json(const kube::Pod& pod) {
    const auto ips = list(pod.pod_ips, [](const base::IpAddress& ip) {
        return JsonObject{}.text("ip", ip.to_string()).done();
    });
    const auto ready = JsonObject{}.text("type", "Ready").text("status", pod.ready ? "True" : "False").done();
    return JsonObject{}
        .text("phase", pod.finished ? "Succeeded" : "Running")
        .raw("podIPs", ips)
        .raw("conditions", "[" + ready + "]")
        .done();
}

std::string to_json(const kube::Pod& pod) {
    auto about = metadata(pod.key, pod.uid, pod.labels);
    if (pod.terminating) about.text("deletionTimestamp", kSomeTime);
    const auto ports = list(pod.ports, [](const kube::ContainerPort& port) {
        return JsonObject{}
            .text("name", port.name)
            .text("protocol", base::name_of(port.protocol))
            .number("containerPort", port.port)
            .done();
    });
    JsonObject spec;
    spec.text("nodeName", pod.node_name).flag("hostNetwork", pod.host_network);
    spec.raw("containers", R"([{"name":"workload","ports":)" + ports + "}]");
    return JsonObject{}
        .text("apiVersion", "v1")
        .text("kind", "Pod")
        .raw("metadata", about.done())
        .raw("spec", spec.done())
        .raw("status", pod_status_json(pod))
        .done();
}

}  // namespace

std::string to_manifest(const kube::ManifestFiles::Objects& objects) {
    std::string items;
    const auto add = [&items](const auto& all) {
        for (const auto& object : all)
            items += (items.empty() ? "" : ",\n") + to_json(object);
    };
    add(objects.namespaces);
    add(objects.nodes);
    add(objects.service_cidrs);
    add(objects.pods);
    add(objects.services);
    add(objects.slices);
    return R"({"apiVersion":"v1","kind":"List","items":[)"
           "\n" +
           items + "\n]}\n";
}

}  // namespace fairlead::lab
