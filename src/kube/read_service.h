#pragma once

// For .cpp files of kube/ only.

#include "kube/read_fields.h"

namespace fairlead::kube {

template <class Reader>
TargetPort read_target_port(Reader& reader, typename Reader::Object port, std::uint16_t otherwise) {
    const auto target = reader.port_or_name(port, {"targetPort", 4});
    const auto* const name = std::get_if<std::string_view>(&target);
    if (name != nullptr && name->empty()) return otherwise;
    if (name != nullptr) return std::string(*name);
    const auto number = std::get<std::uint16_t>(target);
    return number == 0 ? otherwise : number;
}

template <class Reader>
ServicePort read_service_port(Reader& reader, typename Reader::Object object) {
    ServicePort port;
    port.name = reader.text(object, {"name", 1});
    port.protocol = read_protocol(reader, object, {"protocol", 2});
    port.port = reader.port(object, {"port", 3});
    if (port.port == 0) reader.refuse("port", "is missing");
    port.node_port = reader.port(object, {"nodePort", 5});
    port.target_port = read_target_port(reader, object, port.port);
    port.app_protocol = reader.text(object, {"appProtocol", 6});
    return port;
}

/// A ClusterIP, without which a Service is not worth having.
inline void read_cluster_ip(FieldReader& reader, Field field, std::string_view text, Service& service) {
    const auto address = parse_lenient_ip(text);
    if (!address) return reader.refuse(field, address.error().message);
    service.cluster_ips.push_back(*address);
}

template <class Reader>
void read_cluster_ips(Reader& reader, typename Reader::Object spec, Service& service) {
    const auto first = reader.text(spec, {"clusterIP", 3});
    service.headless = first == "None";
    if (service.headless) return;
    reader.each_text(spec, {"clusterIPs", 18}, [&](std::string_view text) {
        if (text == "None") service.headless = true;
        if (!service.headless) read_cluster_ip(reader, "", text, service);
    });
    if (service.cluster_ips.empty() && !first.empty()) read_cluster_ip(reader, "clusterIP", first, service);
}

template <class Reader>
void read_affinity(Reader& reader, typename Reader::Object spec, Service& service) {
    using Object = typename Reader::Object;
    const bool client_ip =
        read_choice(reader, spec, {"sessionAffinity", 7}, false, {{"None", false}, {"ClientIP", true}});
    if (!client_ip) return;
    constexpr std::uint32_t kDefaultTimeoutS = 10'800;  // core/v1 DefaultClientIPServiceAffinitySeconds
    constexpr std::uint64_t kLargestTimeoutS = 86'400;
    service.affinity_timeout_s = kDefaultTimeoutS;
    reader.object(spec, {"sessionAffinityConfig", 14}, [&](Object config) {
        reader.object(config, {"clientIP", 1}, [&](Object client) {
            const auto timeout = reader.number(client, {"timeoutSeconds", 1}, kLargestTimeoutS);
            if (timeout) service.affinity_timeout_s = static_cast<std::uint32_t>(*timeout);
        });
    });
}

template <class Reader>
void read_ip_families(Reader& reader, typename Reader::Object spec, Service& service) {
    reader.each_text(spec, {"ipFamilies", 19}, [&](std::string_view text) {
        if (text != "IPv4" && text != "IPv6")
            return reader.skip("'" + std::string(text) + "' is not IPv4 or IPv6");
        service.ip_families.push_back(text == "IPv4" ? base::Family::kIpv4 : base::Family::kIpv6);
    });
    service.ip_family_policy = read_choice(reader, spec, {"ipFamilyPolicy", 17}, IpFamilyPolicy::kSingleStack,
                                           {{"SingleStack", IpFamilyPolicy::kSingleStack},
                                            {"PreferDualStack", IpFamilyPolicy::kPreferDualStack},
                                            {"RequireDualStack", IpFamilyPolicy::kRequireDualStack}});
}

template <class Reader>
void read_policies(Reader& reader, typename Reader::Object spec, Service& service) {
    const auto policies = {std::pair{std::string_view("Cluster"), TrafficPolicy::kCluster},
                           {"Local", TrafficPolicy::kLocal}};
    service.external_traffic_policy =
        read_choice(reader, spec, {"externalTrafficPolicy", 11}, TrafficPolicy::kCluster, policies);
    service.internal_traffic_policy =
        read_choice(reader, spec, {"internalTrafficPolicy", 22}, TrafficPolicy::kCluster, policies);
    service.traffic_distribution = reader.text(spec, {"trafficDistribution", 23});
}

/// Where none of the ranges can be read nobody is let in, for no ranges at all would let in everybody: there
/// is no packet from the unspecified address.
template <class Reader>
void read_source_ranges(Reader& reader, typename Reader::Object spec, Service& service) {
    constexpr Field kField{"loadBalancerSourceRanges", 9};
    auto& ranges = service.load_balancer_source_ranges;
    read_list(reader, spec, kField, parse_lenient_cidr, ranges);
    constexpr unsigned kWholeIpv4 = 32;
    if (ranges.empty() && reader.has_any(spec, kField)) ranges.emplace_back(base::IpAddress{}, kWholeIpv4);
}

template <class Reader>
void read_service_spec(Reader& reader, typename Reader::Object spec, Service& service) {
    service.type = read_choice(reader, spec, {"type", 4}, ServiceType::kClusterIp,
                               {{"ClusterIP", ServiceType::kClusterIp},
                                {"NodePort", ServiceType::kNodePort},
                                {"LoadBalancer", ServiceType::kLoadBalancer},
                                {"ExternalName", ServiceType::kExternalName}});
    read_cluster_ips(reader, spec, service);
    reader.each_object(spec, {"ports", 1}, [&](typename Reader::Object port) {
        service.ports.push_back(read_service_port(reader, port));
    });
    service.selector = read_labels(reader, spec, {"selector", 2});
    read_list(reader, spec, {"externalIPs", 5}, parse_lenient_ip, service.external_ips);
    read_source_ranges(reader, spec, service);
    read_affinity(reader, spec, service);
    read_policies(reader, spec, service);
    service.health_check_node_port = reader.port(spec, {"healthCheckNodePort", 12});
    service.publish_not_ready_addresses =
        reader.boolean(spec, {"publishNotReadyAddresses", 13}).value_or(false);
    service.external_name = reader.text(spec, {"externalName", 10});
    read_ip_families(reader, spec, service);
}

template <class Reader>
void read_load_balancer_ips(Reader& reader, typename Reader::Object status, Service& service) {
    using Object = typename Reader::Object;
    reader.object(status, {"loadBalancer", 1}, [&](Object balancer) {
        reader.each_object(balancer, {"ingress", 1}, [&](Object ingress) {
            const auto ip = reader.text(ingress, {"ip", 1});
            const auto mode = reader.text(ingress, {"ipMode", 3});
            if (!ip.empty() && (mode.empty() || mode == "VIP"))
                add_or_skip(reader, "ip", parse_lenient_ip(ip), service.load_balancer_ips);
        });
    });
}

template <class Reader>
void read(Reader& reader, typename Reader::Object object, Service& service) {
    using Object = typename Reader::Object;
    service.key = read_key(reader, object);
    reader.object(object, kMetadata, [&](Object metadata) {
        service.uid = reader.text(metadata, {"uid", 5});
        service.service_proxy_name =
            reader.label(metadata, kLabels, "service.kubernetes.io/service-proxy-name");
        service.annotations = read_own_annotations(reader, metadata);
    });
    reader.object(object, {"spec", 2}, [&](Object spec) { read_service_spec(reader, spec, service); });
    reader.object(object, {"status", 3},
                  [&](Object status) { read_load_balancer_ips(reader, status, service); });
}

}  // namespace fairlead::kube
