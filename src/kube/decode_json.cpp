#include "kube/decode_json.h"

#include <algorithm>

#include "kube/json_reader.h"
#include "kube/rfc3339.h"

namespace fairlead::kube {

namespace {

using base::ErrorCode;
using base::IpAddress;
using Object = JsonReader::Object;

ObjectKey read_key(JsonReader& reader, Object object) {
    ObjectKey key;
    reader.object(object, "metadata", [&](Object metadata) {
        key = {std::string(reader.text(metadata, "namespace")), std::string(reader.text(metadata, "name"))};
    });
    if (key.name.empty()) reader.refuse("metadata.name", "is missing");
    return key;
}

/// `text` by `parse`, which gives a Result; the field is refused with its message.
template <class Value>
void parse_into(JsonReader& reader, std::string_view key, base::Result<Value> parsed,
                std::vector<Value>& values) {
    if (parsed)
        values.push_back(*parsed);
    else
        reader.refuse(key, parsed.error().message);
}

/// One of several names; the default where the field is absent.
template <class Value>
Value read_choice(JsonReader& reader, Object object, std::string_view key, Value otherwise,
                  std::initializer_list<std::pair<std::string_view, Value>> choices) {
    const auto text = reader.text(object, key);
    if (text.empty()) return otherwise;
    for (const auto& [name, value] : choices)
        if (text == name) return value;
    reader.refuse(key, "'" + std::string(text) + "' is not known here");
    return otherwise;
}

base::L4Protocol read_protocol(JsonReader& reader, Object object) {
    const auto text = reader.text(object, "protocol");
    if (text.empty()) return base::L4Protocol::kTcp;
    const auto protocol = base::parse_l4_protocol(text);
    if (!protocol) reader.refuse("protocol", protocol.error().message);
    return protocol.value_or(base::L4Protocol::kTcp);
}

Labels read_labels(JsonReader& reader, Object parent, std::string_view key) {
    Labels labels;
    reader.each_label(parent, key,
                      [&](std::string_view name, std::string_view value) { labels.emplace(name, value); });
    return labels;
}

std::vector<IpAddress> read_addresses(JsonReader& reader, Object object, std::string_view key) {
    std::vector<IpAddress> addresses;
    reader.each_text(object, key, [&](std::string_view text) {
        parse_into(reader, "", IpAddress::parse(text), addresses);
    });
    return addresses;
}

TargetPort read_target_port(JsonReader& reader, Object port, std::uint16_t otherwise) {
    const auto element = reader.element(port, "targetPort");
    if (!element) return otherwise;
    std::string_view name;
    if (element->get(name) == simdjson::SUCCESS) return std::string(name);
    const auto number = reader.port(port, "targetPort");
    return number == 0 ? otherwise : number;
}

ServicePort read_service_port(JsonReader& reader, Object object) {
    ServicePort port;
    port.name = reader.text(object, "name");
    port.protocol = read_protocol(reader, object);
    port.port = reader.port(object, "port");
    if (port.port == 0) reader.refuse("port", "is missing");
    port.node_port = reader.port(object, "nodePort");
    port.target_port = read_target_port(reader, object, port.port);
    port.app_protocol = reader.text(object, "appProtocol");
    return port;
}

void read_cluster_ips(JsonReader& reader, Object spec, Service& service) {
    const auto first = reader.text(spec, "clusterIP");
    service.headless = first == "None";
    if (service.headless) return;
    reader.each_text(spec, "clusterIPs", [&](std::string_view text) {
        if (text != "None") parse_into(reader, "", IpAddress::parse(text), service.cluster_ips);
    });
    if (service.cluster_ips.empty() && !first.empty())
        parse_into(reader, "clusterIP", IpAddress::parse(first), service.cluster_ips);
}

void read_affinity(JsonReader& reader, Object spec, Service& service) {
    const bool client_ip =
        read_choice(reader, spec, "sessionAffinity", false, {{"None", false}, {"ClientIP", true}});
    if (!client_ip) return;
    constexpr std::uint32_t kDefaultTimeoutS = 10'800;  // core/v1 DefaultClientIPServiceAffinitySeconds
    constexpr std::uint64_t kLargestTimeoutS = 86'400;
    service.affinity_timeout_s = kDefaultTimeoutS;
    reader.object(spec, "sessionAffinityConfig", [&](Object config) {
        reader.object(config, "clientIP", [&](Object client) {
            const auto timeout = reader.number(client, "timeoutSeconds", kLargestTimeoutS);
            if (timeout) service.affinity_timeout_s = static_cast<std::uint32_t>(*timeout);
        });
    });
}

void read_ip_families(JsonReader& reader, Object spec, Service& service) {
    reader.each_text(spec, "ipFamilies", [&](std::string_view text) {
        if (text != "IPv4" && text != "IPv6")
            return reader.refuse("'" + std::string(text) + "' is not IPv4 or IPv6");
        service.ip_families.push_back(text == "IPv4" ? base::Family::kIpv4 : base::Family::kIpv6);
    });
}

void read_service_spec(JsonReader& reader, Object spec, Service& service) {
    service.type = read_choice(reader, spec, "type", ServiceType::kClusterIp,
                               {{"ClusterIP", ServiceType::kClusterIp},
                                {"NodePort", ServiceType::kNodePort},
                                {"LoadBalancer", ServiceType::kLoadBalancer},
                                {"ExternalName", ServiceType::kExternalName}});
    read_cluster_ips(reader, spec, service);
    reader.each_object(spec, "ports",
                       [&](Object port) { service.ports.push_back(read_service_port(reader, port)); });
    service.selector = read_labels(reader, spec, "selector");
    service.external_ips = read_addresses(reader, spec, "externalIPs");
    reader.each_text(spec, "loadBalancerSourceRanges", [&](std::string_view text) {
        parse_into(reader, "", base::Prefix::parse(text), service.load_balancer_source_ranges);
    });
    read_affinity(reader, spec, service);
    const auto policies = {std::pair{std::string_view("Cluster"), TrafficPolicy::kCluster},
                           {"Local", TrafficPolicy::kLocal}};
    service.external_traffic_policy =
        read_choice(reader, spec, "externalTrafficPolicy", TrafficPolicy::kCluster, policies);
    service.internal_traffic_policy =
        read_choice(reader, spec, "internalTrafficPolicy", TrafficPolicy::kCluster, policies);
    service.health_check_node_port = reader.port(spec, "healthCheckNodePort");
    service.publish_not_ready_addresses = reader.boolean(spec, "publishNotReadyAddresses").value_or(false);
    service.traffic_distribution = reader.text(spec, "trafficDistribution");
    service.external_name = reader.text(spec, "externalName");
    read_ip_families(reader, spec, service);
}

void read_load_balancer_ips(JsonReader& reader, Object status, Service& service) {
    reader.object(status, "loadBalancer", [&](Object balancer) {
        reader.each_object(balancer, "ingress", [&](Object ingress) {
            const auto ip = reader.text(ingress, "ip");
            const auto mode = reader.text(ingress, "ipMode");
            if (!ip.empty() && (mode.empty() || mode == "VIP"))
                parse_into(reader, "ip", IpAddress::parse(ip), service.load_balancer_ips);
        });
    });
}

void read(JsonReader& reader, Object object, Service& service) {
    service.key = read_key(reader, object);
    reader.object(object, "metadata", [&](Object metadata) {
        service.uid = reader.text(metadata, "uid");
        const auto labels = read_labels(reader, metadata, "labels");
        const auto proxy = labels.find("service.kubernetes.io/service-proxy-name");
        if (proxy != labels.end()) service.service_proxy_name = proxy->second;
    });
    reader.object(object, "spec", [&](Object spec) { read_service_spec(reader, spec, service); });
    reader.object(object, "status", [&](Object status) { read_load_balancer_ips(reader, status, service); });
}

/// Index of a name in the slice's table of names.
std::uint16_t name_index(EndpointSlice& slice, std::string_view name) {
    const auto known = std::ranges::find(slice.names, name);
    if (known == slice.names.end()) slice.names.emplace_back(name);
    return static_cast<std::uint16_t>(std::ranges::find(slice.names, name) - slice.names.begin());
}

void read_conditions(JsonReader& reader, Object object, Endpoint& endpoint) {
    reader.object(object, "conditions", [&](Object conditions) {
        const bool ready = reader.boolean(conditions, "ready").value_or(true);
        endpoint.ready = ready;
        endpoint.serving = reader.boolean(conditions, "serving").value_or(ready);
        endpoint.terminating = reader.boolean(conditions, "terminating").value_or(false);
    });
}

std::string read_zone_hints(JsonReader& reader, Object object) {
    std::string zones;
    reader.object(object, "hints", [&](Object hints) {
        reader.each_object(hints, "forZones", [&](Object zone) {
            zones += zones.empty() ? "" : ",";
            zones += reader.text(zone, "name");
        });
    });
    return zones;
}

void read_endpoint(JsonReader& reader, Object object, EndpointSlice& slice) {
    Endpoint endpoint;
    bool first = true;
    // All addresses of an endpoint mean the same; as kube-proxy does, the first is taken (discovery/v1
    // Endpoint).
    reader.each_text(object, "addresses", [&](std::string_view text) {
        const auto address = IpAddress::parse(text);
        if (!address) return reader.refuse(address.error().message);
        if (address->family() != slice.family)
            return reader.refuse(std::string(text) + " is not of the slice's addressType");
        if (std::exchange(first, false)) endpoint.address = *address;
    });
    if (first) return reader.refuse("addresses", "is missing");
    read_conditions(reader, object, endpoint);
    endpoint.node_name = name_index(slice, reader.text(object, "nodeName"));
    endpoint.zone = name_index(slice, reader.text(object, "zone"));
    auto hints = read_zone_hints(reader, object);
    if (!hints.empty() || !slice.zone_hints.empty()) {
        slice.zone_hints.resize(slice.endpoints.size());
        slice.zone_hints.push_back(std::move(hints));
    }
    slice.endpoints.push_back(endpoint);
}

void read_slice_metadata(JsonReader& reader, Object metadata, EndpointSlice& slice) {
    slice.service_name = [&] {
        const auto labels = read_labels(reader, metadata, "labels");
        const auto label = labels.find("kubernetes.io/service-name");
        return label == labels.end() ? std::string{} : label->second;
    }();
    reader.object(metadata, "annotations", [&](Object annotations) {
        const auto trigger = reader.text(annotations, "endpoints.kubernetes.io/last-change-trigger-time");
        slice.last_change_trigger_ns = parse_rfc3339(trigger).value_or(0);
    });
}

void read(JsonReader& reader, Object object, EndpointSlice& slice) {
    slice.key = read_key(reader, object);
    reader.object(object, "metadata", [&](Object metadata) { read_slice_metadata(reader, metadata, slice); });
    const auto type = reader.text(object, "addressType");
    if (type == "FQDN") return;
    if (type != "IPv4" && type != "IPv6")
        return reader.refuse("addressType", "'" + std::string(type) + "' is none of IPv4, IPv6, FQDN");
    slice.family = type == "IPv4" ? base::Family::kIpv4 : base::Family::kIpv6;
    reader.each_object(object, "ports", [&](Object port) {
        slice.ports.push_back(
            {std::string(reader.text(port, "name")), read_protocol(reader, port), reader.port(port, "port")});
    });
    simdjson::dom::array endpoints;
    if (const auto list = reader.element(object, "endpoints");
        list && list->get(endpoints) == simdjson::SUCCESS)
        slice.endpoints.reserve(endpoints.size());
    reader.each_object(object, "endpoints", [&](Object endpoint) { read_endpoint(reader, endpoint, slice); });
}

void read(JsonReader& reader, Object object, Node& node) {
    node.key = read_key(reader, object);
    reader.object(object, "metadata",
                  [&](Object metadata) { node.labels = read_labels(reader, metadata, "labels"); });
    const auto zone = node.labels.find("topology.kubernetes.io/zone");
    if (zone != node.labels.end()) node.zone = zone->second;
    reader.object(object, "spec", [&](Object spec) {
        reader.each_text(spec, "podCIDRs", [&](std::string_view text) {
            parse_into(reader, "", base::Prefix::parse(text), node.pod_cidrs);
        });
    });
    reader.object(object, "status", [&](Object status) {
        reader.each_object(status, "addresses", [&](Object address) {
            const auto type = reader.text(address, "type");
            const auto parsed = IpAddress::parse(reader.text(address, "address"));
            if ((type == "InternalIP" || type == "ExternalIP") && parsed) node.addresses.push_back(*parsed);
        });
    });
}

void read(JsonReader& reader, Object object, Namespace& space) {
    space.key = read_key(reader, object);
    reader.object(object, "metadata",
                  [&](Object metadata) { space.labels = read_labels(reader, metadata, "labels"); });
}

void read_pod_status(JsonReader& reader, Object status, Pod& pod) {
    reader.each_object(status, "podIPs", [&](Object ip) {
        parse_into(reader, "ip", IpAddress::parse(reader.text(ip, "ip")), pod.pod_ips);
    });
    const auto single = reader.text(status, "podIP");
    if (pod.pod_ips.empty() && !single.empty())
        parse_into(reader, "podIP", IpAddress::parse(single), pod.pod_ips);
    const auto phase = reader.text(status, "phase");
    pod.finished = phase == "Succeeded" || phase == "Failed";
    reader.each_object(status, "conditions", [&](Object condition) {
        if (reader.text(condition, "type") == "Ready") pod.ready = reader.text(condition, "status") == "True";
    });
}

void read(JsonReader& reader, Object object, Pod& pod) {
    pod.key = read_key(reader, object);
    reader.object(object, "metadata", [&](Object metadata) {
        pod.uid = reader.text(metadata, "uid");
        pod.labels = read_labels(reader, metadata, "labels");
        pod.terminating = !reader.text(metadata, "deletionTimestamp").empty();
    });
    reader.object(object, "spec", [&](Object spec) {
        pod.node_name = reader.text(spec, "nodeName");
        pod.host_network = reader.boolean(spec, "hostNetwork").value_or(false);
        reader.each_object(spec, "containers", [&](Object container) {
            reader.each_object(container, "ports", [&](Object port) {
                pod.ports.push_back({std::string(reader.text(port, "name")), read_protocol(reader, port),
                                     reader.port(port, "containerPort")});
            });
        });
    });
    reader.object(object, "status", [&](Object status) { read_pod_status(reader, status, pod); });
}

template <class Kind>
Decoded<AnyObject> decode_as(Object object, std::string_view kind) {
    JsonReader reader;
    Kind decoded;
    read(reader, object, decoded);
    if (!reader.failed()) return AnyObject{std::move(decoded)};
    const auto name = decoded.key.to_string();
    return std::unexpected(
        DecodeError{std::string(kind) + (name.empty() ? "" : " " + name), reader.field(), reader.reason()});
}

struct KindDecoder {
    std::string_view api_version;
    std::string_view kind;
    Decoded<AnyObject> (*decode)(Object, std::string_view);
};

constexpr KindDecoder kKinds[] = {
    {"v1", "Service", decode_as<Service>}, {"discovery.k8s.io/v1", "EndpointSlice", decode_as<EndpointSlice>},
    {"v1", "Node", decode_as<Node>},       {"v1", "Namespace", decode_as<Namespace>},
    {"v1", "Pod", decode_as<Pod>},
};

/// With its apiVersion and kind, or as `kind` where a list leaves them out.
Decoded<AnyObject> decode_any(Object object, std::string_view kind) {
    JsonReader reader;
    const auto api_version = reader.text(object, "apiVersion");
    const auto own_kind = reader.text(object, "kind");
    if (reader.failed()) return std::unexpected(DecodeError{"object", reader.field(), reader.reason()});
    for (const auto& known : kKinds) {
        const bool fits = own_kind.empty() ? known.kind == kind
                                           : known.kind == own_kind && known.api_version == api_version;
        if (fits) return known.decode(object, known.kind);
    }
    if (own_kind.empty()) return std::unexpected(DecodeError{"object", "kind", "is missing"});
    return std::unexpected(DecodeError{
        std::string(own_kind), "kind",
        std::string(api_version) + " " + std::string(own_kind) + " " + std::string(kUnknownKind)});
}

ObjectKey key_of(Object object) {
    JsonReader reader;
    return read_key(reader, object);
}

std::string_view resource_version_of(Object object) {
    JsonReader reader;
    std::string_view version;
    reader.object(object, "metadata",
                  [&](Object metadata) { version = reader.text(metadata, "resourceVersion"); });
    return version;
}

bool ends_initial_events(Object object) {
    JsonReader reader;
    bool ends = false;
    reader.object(object, "metadata", [&](Object metadata) {
        reader.object(metadata, "annotations", [&](Object annotations) {
            ends = reader.text(annotations, "k8s.io/initial-events-end") == "true";
        });
    });
    return ends;
}

std::optional<WatchEvent::Type> watch_type(std::string_view text) {
    using enum WatchEvent::Type;
    constexpr std::pair<std::string_view, WatchEvent::Type> kTypes[] = {{"ADDED", kAdded},
                                                                        {"MODIFIED", kModified},
                                                                        {"DELETED", kDeleted},
                                                                        {"BOOKMARK", kBookmark},
                                                                        {"ERROR", kError}};
    for (const auto& [name, type] : kTypes)
        if (text == name) return type;
    return std::nullopt;
}

}  // namespace

std::string DecodeError::to_string() const {
    return object + ": " + (field.empty() ? "" : field + ": ") + reason;
}

struct JsonDecoder::State {
    simdjson::dom::parser parser;

    base::Result<Object> parse(std::string_view json) {
        Object object;
        const auto failure = parser.parse(json.data(), json.size()).get(object);
        if (failure)
            return base::fail(ErrorCode::kInvalid,
                              std::string("no JSON object: ") + simdjson::error_message(failure));
        return object;
    }
};

JsonDecoder::JsonDecoder() : state_(std::make_unique<State>()) {}
JsonDecoder::~JsonDecoder() = default;

Decoded<AnyObject> JsonDecoder::decode_object(std::string_view json) {
    const auto object = state_->parse(json);
    if (!object) return std::unexpected(DecodeError{"object", "", object.error().message});
    return decode_any(*object, "");
}

base::Result<WatchEvent> JsonDecoder::decode_watch_event(std::string_view json) {
    FAIRLEAD_TRY(const auto frame, state_->parse(json));
    JsonReader reader;
    const auto type = watch_type(reader.text(frame, "type"));
    Object object;
    const auto element = reader.element(frame, "object");
    if (!type || !element || element->get(object)) return base::fail(ErrorCode::kInvalid, "watch: no event");
    WatchEvent event{
        *type, std::string(resource_version_of(object)), false, {}, std::unexpected(DecodeError{}), 0, {}};
    if (*type == WatchEvent::Type::kError) {
        event.status_code = static_cast<unsigned>(reader.number(object, "code", 999).value_or(0));
        event.message = reader.text(object, "message");
    } else if (*type == WatchEvent::Type::kBookmark) {
        event.initial_events_end = ends_initial_events(object);
    } else {
        event.key = key_of(object);
        if (*type != WatchEvent::Type::kDeleted) event.object = decode_any(object, "");
    }
    return event;
}

std::optional<std::vector<std::string>> JsonDecoder::split_list(std::string_view json) {
    const auto object = state_->parse(json);
    if (!object) return std::nullopt;
    JsonReader reader;
    if (!reader.text(*object, "kind").ends_with("List")) return std::nullopt;
    std::vector<std::string> items;
    reader.each_object(*object, "items", [&](Object item) { items.push_back(simdjson::to_string(item)); });
    return items;
}

base::Result<ListPage> JsonDecoder::decode_list(std::string_view json, std::string_view kind) {
    FAIRLEAD_TRY(const auto list, state_->parse(json));
    ListPage page;
    JsonReader reader;
    reader.object(list, "metadata", [&](Object metadata) {
        page.resource_version = reader.text(metadata, "resourceVersion");
        page.continue_token = reader.text(metadata, "continue");
    });
    reader.each_object(list, "items", [&](Object item) {
        page.keys.push_back(key_of(item));
        page.items.push_back(decode_any(item, kind));
    });
    if (reader.failed())
        return base::fail(ErrorCode::kInvalid, "list: " + reader.field() + ": " + reader.reason());
    return page;
}

}  // namespace fairlead::kube
