#pragma once

// For .cpp files of kube/ only.

#include <utility>

#include "kube/read_fields.h"
#include "kube/rfc3339.h"

namespace fairlead::kube {

/// discovery/v1 LabelManagedBy of the slices that kube-controller-manager makes.
inline constexpr std::string_view kSliceController = "endpointslice-controller.k8s.io";

/// Index of a name in the slice's table of names.
inline std::uint16_t name_index(FieldReader& reader, EndpointSlice& slice, std::string_view name) {
    const auto index = slice.index_of_name(name);
    if (!index) reader.refuse("has more different node and zone names than fit");
    return index.value_or(0);
}

template <class Reader>
void read_conditions(Reader& reader, typename Reader::Object object, Endpoint& endpoint) {
    reader.object(object, {"conditions", 2}, [&](typename Reader::Object conditions) {
        const bool ready = reader.boolean(conditions, {"ready", 1}).value_or(true);
        endpoint.ready = ready;
        endpoint.serving = reader.boolean(conditions, {"serving", 2}).value_or(ready);
        endpoint.terminating = reader.boolean(conditions, {"terminating", 3}).value_or(false);
    });
}

/// Hints of the endpoint that is read next.
template <class Reader>
void read_hints(Reader& reader, typename Reader::Object object, EndpointSlice& slice) {
    using Object = typename Reader::Object;
    const auto endpoint = static_cast<std::uint32_t>(slice.endpoints.size());
    reader.object(object, {"hints", 8}, [&](Object hints) {
        const auto read_names = [&](Field field, EndpointHint::Kind kind) {
            reader.each_object(hints, field, [&](Object hint) {
                const auto name = reader.text(hint, {"name", 1});
                if (!name.empty()) slice.hints.push_back({endpoint, name_index(reader, slice, name), kind});
            });
        };
        read_names({"forZones", 1}, EndpointHint::Kind::kZone);
        read_names({"forNodes", 2}, EndpointHint::Kind::kNode);
    });
}

/// The Pod of the endpoint that is read next.
template <class Reader>
void read_pod(Reader& reader, typename Reader::Object object, EndpointSlice& slice) {
    reader.object(object, {"targetRef", 4}, [&](typename Reader::Object target) {
        if (reader.text(target, {"kind", 1}) == "Pod")
            slice.pods.set(slice.endpoints.size(), reader.text(target, {"name", 3}));
    });
}

/// All addresses of an endpoint mean the same; as kube-proxy does, the first is taken (discovery/v1
/// Endpoint). nullopt if it cannot be used.
template <class Reader>
std::optional<base::IpAddress> read_address(Reader& reader, typename Reader::Object object,
                                            base::Family family) {
    bool first = true;
    std::optional<base::IpAddress> usable;
    reader.each_text(object, {"addresses", 1}, [&](std::string_view text) {
        if (!std::exchange(first, false)) return;
        const auto address = parse_lenient_ip(text);
        if (!address) return reader.skip(address.error().message);
        if (address->family() != family)
            return reader.skip(std::string(text) + " is not of the slice's addressType");
        usable = *address;
    });
    if (first) reader.skip("addresses", "is missing");
    return usable;
}

template <class Reader>
void read_endpoint(Reader& reader, typename Reader::Object object, EndpointSlice& slice) {
    const auto address = read_address(reader, object, slice.family);
    if (!address) return;
    Endpoint endpoint;
    endpoint.address = *address;
    read_conditions(reader, object, endpoint);
    endpoint.node_name = name_index(reader, slice, reader.text(object, {"nodeName", 6}));
    endpoint.zone = name_index(reader, slice, reader.text(object, {"zone", 7}));
    read_hints(reader, object, slice);
    read_pod(reader, object, slice);
    slice.set_hostname(slice.endpoints.size(), reader.text(object, {"hostname", 3}));
    slice.endpoints.push_back(endpoint);
}

template <class Reader>
void read_slice_metadata(Reader& reader, typename Reader::Object metadata, EndpointSlice& slice) {
    slice.service_name = reader.label(metadata, kLabels, "kubernetes.io/service-name");
    slice.made_by_controller =
        reader.label(metadata, kLabels, "endpointslice.kubernetes.io/managed-by") == kSliceController;
    const auto trigger =
        reader.label(metadata, kAnnotations, "endpoints.kubernetes.io/last-change-trigger-time");
    slice.last_change_trigger_ns = parse_rfc3339(trigger).value_or(0);
}

template <class Reader>
void read(Reader& reader, typename Reader::Object object, EndpointSlice& slice) {
    using Object = typename Reader::Object;
    slice.key = read_key(reader, object);
    reader.object(object, kMetadata, [&](Object metadata) { read_slice_metadata(reader, metadata, slice); });
    const auto type = reader.text(object, {"addressType", 4});
    if (type == "FQDN") return;
    if (type != "IPv4" && type != "IPv6")
        return reader.skip("addressType", "'" + std::string(type) + "' is none of IPv4, IPv6, FQDN");
    slice.family = type == "IPv4" ? base::Family::kIpv4 : base::Family::kIpv6;
    slice.ports.reserve(reader.count(object, {"ports", 3}));
    reader.each_object(object, {"ports", 3}, [&](Object port) {
        slice.ports.push_back({std::string(reader.text(port, {"name", 1})),
                               read_protocol(reader, port, {"protocol", 2}), reader.port(port, {"port", 3})});
    });
    slice.endpoints.reserve(reader.count(object, {"endpoints", 2}));
    reader.each_object(object, {"endpoints", 2},
                       [&](Object endpoint) { read_endpoint(reader, endpoint, slice); });
    slice.names.shrink_to_fit();
    slice.hints.shrink_to_fit();
    slice.pods.shrink_to_fit();
    if (slice.hostnames) slice.hostnames->shrink_to_fit();
}

}  // namespace fairlead::kube
