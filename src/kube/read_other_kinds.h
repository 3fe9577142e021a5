#pragma once

// For .cpp files of kube/ only.

#include "kube/read_fields.h"

namespace fairlead::kube {

inline constexpr Field kDeletionTimestamp{"deletionTimestamp", 9};

template <class Reader>
void read(Reader& reader, typename Reader::Object object, Node& node) {
    using Object = typename Reader::Object;
    node.key = read_key(reader, object);
    reader.object(object, kMetadata, [&](Object metadata) {
        node.uid = reader.text(metadata, {"uid", 5});
        node.labels = read_labels(reader, metadata, kLabels);
        node.terminating = reader.has_time(metadata, kDeletionTimestamp);
    });
    const auto zone = node.labels.find("topology.kubernetes.io/zone");
    if (zone != node.labels.end()) node.zone = zone->second;
    reader.object(object, {"spec", 2}, [&](Object spec) {
        read_list(reader, spec, {"podCIDRs", 7}, parse_lenient_cidr, node.pod_cidrs);
        reader.each_object(spec, {"taints", 5},
                           [&](Object taint) { node.taints.emplace_back(reader.text(taint, {"key", 1})); });
    });
    reader.object(object, {"status", 3}, [&](Object status) {
        reader.each_object(status, {"addresses", 5}, [&](Object address) {
            const auto type = reader.text(address, {"type", 1});
            const auto parsed = parse_lenient_ip(reader.text(address, {"address", 2}));
            if ((type == "InternalIP" || type == "ExternalIP") && parsed) node.addresses.push_back(*parsed);
        });
    });
}

template <class Reader>
void read(Reader& reader, typename Reader::Object object, Namespace& space) {
    space.key = read_key(reader, object);
    reader.object(object, kMetadata, [&](typename Reader::Object metadata) {
        space.labels = read_labels(reader, metadata, kLabels);
        space.annotations = read_own_annotations(reader, metadata);
    });
}

template <class Reader>
void read(Reader& reader, typename Reader::Object object, ConfigMap& config_map) {
    constexpr Field kData{"data", 2};
    config_map.key = read_key(reader, object);
    config_map.stub_domains = reader.label(object, kData, "stubDomains");
    config_map.upstream_nameservers = reader.label(object, kData, "upstreamNameservers");
}

template <class Reader>
void read(Reader& reader, typename Reader::Object object, ServiceCidr& service_cidr) {
    using Object = typename Reader::Object;
    service_cidr.key = read_key(reader, object);
    reader.object(object, kMetadata, [&](Object metadata) {
        service_cidr.terminating = reader.has_time(metadata, {"deletionTimestamp", 9});
    });
    reader.object(object, {"spec", 2}, [&](Object spec) {
        read_list(reader, spec, {"cidrs", 1}, parse_lenient_cidr, service_cidr.cidrs);
    });
    reader.object(object, {"status", 3}, [&](Object status) {
        reader.each_object(status, {"conditions", 1}, [&](Object condition) {
            if (reader.text(condition, {"type", 1}) == "Ready")
                service_cidr.ready = reader.text(condition, {"status", 2}) == "True";
        });
    });
}

template <class Reader>
void read_pod_status(Reader& reader, typename Reader::Object status, Pod& pod) {
    using Object = typename Reader::Object;
    reader.each_object(status, {"podIPs", 12}, [&](Object ip) {
        add_or_skip(reader, "ip", parse_lenient_ip(reader.text(ip, {"ip", 1})), pod.pod_ips);
    });
    const auto single = reader.text(status, {"podIP", 6});
    if (pod.pod_ips.empty() && !single.empty())
        add_or_skip(reader, "podIP", parse_lenient_ip(single), pod.pod_ips);
    const auto phase = reader.text(status, {"phase", 1});
    pod.finished = phase == "Succeeded" || phase == "Failed";
    bool was_seen = !phase.empty();
    bool ready = false;
    reader.each_object(status, {"conditions", 2}, [&](Object condition) {
        was_seen = true;
        if (reader.text(condition, {"type", 1}) == "Ready")
            ready = reader.text(condition, {"status", 2}) == "True";
    });
    pod.ready = ready || !was_seen;
}

template <class Reader>
void read_container_ports(Reader& reader, typename Reader::Object container, Pod& pod) {
    reader.each_object(container, {"ports", 6}, [&](typename Reader::Object port) {
        pod.ports.push_back({std::string(reader.text(port, {"name", 1})),
                             read_protocol(reader, port, {"protocol", 4}),
                             reader.port(port, {"containerPort", 3})});
    });
}

/// Of the containers, then of the sidecars (init containers that go on running, KEP-753).
template <class Reader>
void read_containers(Reader& reader, typename Reader::Object spec, Pod& pod) {
    using Object = typename Reader::Object;
    reader.each_object(spec, {"containers", 2},
                       [&](Object container) { read_container_ports(reader, container, pod); });
    reader.each_object(spec, {"initContainers", 20}, [&](Object container) {
        if (reader.text(container, {"restartPolicy", 24}) == "Always")
            read_container_ports(reader, container, pod);
    });
}

template <class Reader>
DnsPolicy read_dns_policy(Reader& reader, typename Reader::Object spec) {
    using enum DnsPolicy;
    constexpr Field kField{"dnsPolicy", 6};
    const auto otherwise = reader.text(spec, kField).empty() ? kClusterFirst : kOther;
    return read_choice(reader, spec, kField, otherwise,
                       {{"ClusterFirst", kClusterFirst},
                        {"ClusterFirstWithHostNet", kClusterFirstWithHostNet},
                        {"Default", kDefault},
                        {"None", kNone}});
}

template <class Reader>
PodDnsConfig read_dns_config(Reader& reader, typename Reader::Object spec) {
    using Object = typename Reader::Object;
    PodDnsConfig config;
    reader.object(spec, {"dnsConfig", 26}, [&](Object found) {
        reader.each_text(found, {"nameservers", 1},
                         [&](std::string_view address) { config.nameservers.emplace_back(address); });
        reader.each_text(found, {"searches", 2},
                         [&](std::string_view domain) { config.searches.emplace_back(domain); });
        reader.each_object(found, {"options", 3}, [&](Object option) {
            config.options.push_back({std::string(reader.text(option, {"name", 1})),
                                      std::string(reader.text(option, {"value", 2}))});
        });
    });
    return config;
}

template <class Reader>
void read(Reader& reader, typename Reader::Object object, Pod& pod) {
    using Object = typename Reader::Object;
    pod.key = read_key(reader, object);
    reader.object(object, kMetadata, [&](Object metadata) {
        pod.uid = reader.text(metadata, {"uid", 5});
        pod.labels = read_labels(reader, metadata, kLabels);
        pod.terminating = reader.has_time(metadata, kDeletionTimestamp);
        pod.annotations = read_own_annotations(reader, metadata);
    });
    reader.object(object, {"spec", 2}, [&](Object spec) {
        pod.node_name = reader.text(spec, {"nodeName", 10});
        pod.hostname = reader.text(spec, {"hostname", 16});
        pod.subdomain = reader.text(spec, {"subdomain", 17});
        pod.host_network = reader.boolean(spec, {"hostNetwork", 11}).value_or(false);
        read_containers(reader, spec, pod);
        pod.dns_policy = read_dns_policy(reader, spec);
        pod.dns_config = read_dns_config(reader, spec);
    });
    pod.ready = true;
    reader.object(object, {"status", 3}, [&](Object status) { read_pod_status(reader, status, pod); });
}

}  // namespace fairlead::kube
