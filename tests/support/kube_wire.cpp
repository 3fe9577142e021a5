#include "support/kube_wire.h"

namespace fairlead::test {

namespace {

constexpr std::string_view kManagedFields =
    R"({"f:addressType":{},"f:endpoints":{},"f:metadata":{"f:annotations":{".":{},)"
    R"("f:endpoints.kubernetes.io/last-change-trigger-time":{}},"f:generateName":{},"f:labels":{".":{},)"
    R"("f:endpointslice.kubernetes.io/managed-by":{},"f:kubernetes.io/service-name":{}},)"
    R"("f:ownerReferences":{".":{},"k:{\"uid\":\"1\"}":{}}},"f:ports":{}})";
constexpr std::string_view kTrigger = "2026-11-24T12:00:00Z";
constexpr std::string_view kManager = "endpointslice-controller.k8s.io";

std::string quoted(std::string_view name, std::string_view value) {
    return "\"" + std::string(name) + "\":\"" + std::string(value) + "\"";
}

std::string service_of(std::size_t index) {
    return "service-" + std::to_string(index);
}
std::string uid_of(std::size_t index) {
    const auto digits = std::to_string(100'000'000'000U + index);
    return "8b2f4c1e-7d3a-4f60-9a15-" + digits;
}
std::string address_of(std::size_t index) {
    return "10." + std::to_string(64 + (index >> 16U) % 64) + "." + std::to_string((index >> 8U) & 0xffU) +
           "." + std::to_string(index & 0xffU);
}
std::string node_of(std::size_t index) {
    return "node-" + std::to_string(index % 1000);
}
std::string zone_of(std::size_t index) {
    return "eu-north-1" + std::string(1, "abc"[index % 3]);
}

std::string json_endpoint(std::size_t index) {
    return R"({"addresses":[")" + address_of(index) +
           R"("],"conditions":{"ready":true,"serving":true,"terminating":false},"targetRef":{"kind":"Pod",)" +
           quoted("namespace", "shop") + "," + quoted("name", "pod-" + std::to_string(index)) + "," +
           quoted("uid", uid_of(index)) + "}," + quoted("nodeName", node_of(index)) + "," +
           quoted("zone", zone_of(index)) + "}";
}

std::string json_slice(std::size_t index, std::size_t endpoints) {
    const auto service = service_of(index);
    std::string json =
        R"({"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{)" +
        quoted("name", service + "-x7k2p") + "," + quoted("generateName", service + "-") + "," +
        quoted("namespace", "shop") + "," + quoted("uid", uid_of(index)) + "," +
        quoted("resourceVersion", std::to_string(1000 + index)) +
        R"(,"generation":1,"creationTimestamp":"2026-11-24T12:00:00Z","labels":{)" +
        quoted("endpointslice.kubernetes.io/managed-by", kManager) + "," +
        quoted("kubernetes.io/service-name", service) + R"(},"annotations":{)" +
        quoted("endpoints.kubernetes.io/last-change-trigger-time", kTrigger) +
        R"(},"ownerReferences":[{"apiVersion":"v1","kind":"Service",)" + quoted("name", service) + "," +
        quoted("uid", uid_of(index)) +
        R"(,"controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kcm",)" +
        R"("operation":"Update","apiVersion":"discovery.k8s.io/v1","time":"2026-11-24T12:00:00Z",)" +
        R"("fieldsType":"FieldsV1","fieldsV1":)" + std::string(kManagedFields) +
        R"(}]},"addressType":"IPv4","endpoints":[)";
    for (std::size_t i = 0; i < endpoints; ++i)
        json += (i == 0 ? "" : ",") + json_endpoint(index * endpoints + i);
    return json + R"(],"ports":[{"name":"http","protocol":"TCP","port":8080}]})";
}

ProtobufMessage protobuf_endpoint(std::size_t index) {
    return ProtobufMessage{}
        .bytes(1, address_of(index))
        .message(2, ProtobufMessage{}.varint(1, 1).varint(2, 1).varint(3, 0))
        .message(4, ProtobufMessage{}
                        .bytes(1, "Pod")
                        .bytes(2, "shop")
                        .bytes(3, "pod-" + std::to_string(index))
                        .bytes(4, uid_of(index))
                        .bytes(5, "")
                        .bytes(6, "")
                        .bytes(7, ""))
        .bytes(6, node_of(index))
        .bytes(7, zone_of(index));
}

ProtobufMessage protobuf_metadata(std::size_t index) {
    const auto service = service_of(index);
    const auto time = ProtobufMessage{}.varint(1, 1'795'521'600).varint(2, 0);
    return ProtobufMessage{}
        .bytes(1, service + "-x7k2p")
        .bytes(2, service + "-")
        .bytes(3, "shop")
        .bytes(4, "")
        .bytes(5, uid_of(index))
        .bytes(6, std::to_string(1000 + index))
        .varint(7, 1)
        .message(8, time)
        .entry(11, "endpointslice.kubernetes.io/managed-by", kManager)
        .entry(11, "kubernetes.io/service-name", service)
        .entry(12, "endpoints.kubernetes.io/last-change-trigger-time", kTrigger)
        .message(13, ProtobufMessage{}
                         .bytes(1, "Service")
                         .bytes(3, service)
                         .bytes(4, uid_of(index))
                         .bytes(5, "v1")
                         .varint(6, 1)
                         .varint(7, 1))
        .message(17, ProtobufMessage{}
                         .bytes(1, "kcm")
                         .bytes(2, "Update")
                         .bytes(3, "discovery.k8s.io/v1")
                         .message(4, time)
                         .bytes(6, "FieldsV1")
                         .message(7, ProtobufMessage{}.bytes(1, kManagedFields))
                         .bytes(8, ""));
}

ProtobufMessage protobuf_slice(std::size_t index, std::size_t endpoints) {
    auto slice = ProtobufMessage{}.message(1, protobuf_metadata(index));
    for (std::size_t i = 0; i < endpoints; ++i)
        slice.message(2, protobuf_endpoint(index * endpoints + i));
    return slice.message(3, ProtobufMessage{}.bytes(1, "http").bytes(2, "TCP").varint(3, 8080))
        .bytes(4, "IPv4");
}

std::string slice_envelope(const ProtobufMessage& slice) {
    return kubernetes_protobuf("discovery.k8s.io/v1", "EndpointSlice", slice);
}

}  // namespace

void ProtobufMessage::append_varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U)
        bytes_ += static_cast<char>((value & 0x7fU) | 0x80U);
    bytes_ += static_cast<char>(value);
}

ProtobufMessage& ProtobufMessage::varint(std::uint32_t number, std::uint64_t value) {
    append_varint(std::uint64_t{number} << 3U);
    append_varint(value);
    return *this;
}

ProtobufMessage& ProtobufMessage::bytes(std::uint32_t number, std::string_view value) {
    append_varint((std::uint64_t{number} << 3U) | 2U);
    append_varint(value.size());
    bytes_ += value;
    return *this;
}

ProtobufMessage& ProtobufMessage::entry(std::uint32_t number, std::string_view key, std::string_view value) {
    return message(number, ProtobufMessage{}.bytes(1, key).bytes(2, value));
}

std::string kubernetes_protobuf(std::string_view api_version, std::string_view kind,
                                const ProtobufMessage& object) {
    return std::string("k8s\0", 4) + ProtobufMessage{}
                                         .message(1, ProtobufMessage{}.bytes(1, api_version).bytes(2, kind))
                                         .message(2, object)
                                         .bytes(3, "")
                                         .bytes(4, "")
                                         .wire();
}

std::string protobuf_watch_frame(std::string_view type, std::string_view object) {
    const auto event = ProtobufMessage{}.bytes(1, type).message(2, ProtobufMessage{}.bytes(1, object)).wire();
    std::string frame;
    for (unsigned shift = 32; shift > 0; shift -= 8)
        frame += static_cast<char>((event.size() >> (shift - 8)) & 0xffU);
    return frame + event;
}

WatchBody slices_as_json(std::size_t slices, std::size_t endpoints) {
    WatchBody body{"application/json", ""};
    for (std::size_t i = 0; i < slices; ++i)
        body.bytes += R"({"type":"ADDED","object":)" + json_slice(i, endpoints) + "}\n";
    body.bytes += R"({"type":"BOOKMARK","object":{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1",)"
                  R"("metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}})"
                  "\n";
    return body;
}

WatchBody slices_as_protobuf(std::size_t slices, std::size_t endpoints) {
    WatchBody body{"application/vnd.kubernetes.protobuf;stream=watch", ""};
    for (std::size_t i = 0; i < slices; ++i)
        body.bytes += protobuf_watch_frame("ADDED", slice_envelope(protobuf_slice(i, endpoints)));
    const auto end = ProtobufMessage{}.bytes(6, "9").entry(12, "k8s.io/initial-events-end", "true");
    body.bytes += protobuf_watch_frame("BOOKMARK", slice_envelope(ProtobufMessage{}.message(1, end)));
    return body;
}

}  // namespace fairlead::test
