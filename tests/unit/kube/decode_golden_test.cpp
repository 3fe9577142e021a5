// What a real kube-apiserver answered (golden/capture.py), as JSON and as protobuf.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "kube/decode_json.h"
#include "kube/decode_protobuf.h"
#include "kube/watch_frames.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string golden(const std::string& name) {
    std::ifstream file{FAIRLEAD_TEST_DATA "/golden/" + name, std::ios::binary};
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>(file), {}};
}

template <class Object>
Object decoded(const std::string& name) {
    JsonDecoder decoder;
    const auto json = decoder.decode_object(golden(name + ".json"));
    const auto protobuf = decode_protobuf_object(golden(name + ".pb"));
    if (!json) throw std::runtime_error(json.error().to_string());
    if (!protobuf) throw std::runtime_error(protobuf.error().to_string());
    EXPECT_EQ(*json, *protobuf) << name;
    return std::get<Object>(*protobuf);
}

std::vector<WatchEvent> events(const std::string& name, Encoding encoding) {
    JsonDecoder decoder;
    std::vector<WatchEvent> events;
    WatchFrames frames;
    frames.reset(encoding);
    const auto done = frames.receive(
        golden(name + (encoding == Encoding::kJson ? ".json" : ".pb")), [&](std::string_view frame) {
            auto event = encoding == Encoding::kJson ? decoder.decode_watch_event(frame)
                                                     : decode_protobuf_watch_event(frame);
            if (!event) throw std::runtime_error(event.error().message);
            events.push_back(*std::move(event));
            return true;
        });
    EXPECT_TRUE(done);
    return events;
}

std::vector<std::string> texts(const auto& values) {
    std::vector<std::string> texts;
    for (const auto& value : values)
        texts.push_back(value.to_string());
    return texts;
}

/// "0 zone a": endpoint, kind and name of each hint.
std::vector<std::string> hints_of(const EndpointSlice& slice) {
    std::vector<std::string> hints;
    for (const auto& hint : slice.hints)
        hints.push_back(std::to_string(hint.endpoint) +
                        (hint.kind == EndpointHint::Kind::kZone ? " zone " : " node ") +
                        slice.names[hint.name]);
    return hints;
}

TEST(GoldenService, HasAllItsFieldsInBothEncodings) {
    const auto service = decoded<Service>("service-cart");
    EXPECT_EQ(service.key, (ObjectKey{"golden", "cart"}));
    EXPECT_THAT(service.uid, SizeIs(36));
    EXPECT_EQ(service.type, ServiceType::kLoadBalancer);
    EXPECT_THAT(texts(service.cluster_ips), ElementsAre("10.96.1.1", "fd00:96::11"));
    using base::L4Protocol;
    const std::vector<ServicePort> ports = {{"http", L4Protocol::kTcp, 80, 30080, "web", "kubernetes.io/h2c"},
                                            {"dns", L4Protocol::kUdp, 53, 30053, std::uint16_t{5353}, ""},
                                            {"sig", L4Protocol::kSctp, 9, 30009, std::uint16_t{9}, ""}};
    EXPECT_EQ(service.ports, ports);
    EXPECT_EQ(service.selector, (Labels{{"app", "cart"}, {"tier", "web"}}));
    EXPECT_THAT(texts(service.external_ips), ElementsAre("192.0.2.7"));
    EXPECT_THAT(texts(service.load_balancer_ips), ElementsAre("203.0.113.1", "203.0.113.3"));
    EXPECT_THAT(texts(service.load_balancer_source_ranges), ElementsAre("198.51.100.0/24", "2001:db8::/32"));
    EXPECT_EQ(service.affinity_timeout_s, 600U);
    EXPECT_EQ(service.external_traffic_policy, TrafficPolicy::kLocal);
    EXPECT_EQ(service.internal_traffic_policy, TrafficPolicy::kLocal);
    EXPECT_EQ(service.health_check_node_port, 30555);
    EXPECT_TRUE(service.publish_not_ready_addresses);
    EXPECT_EQ(service.traffic_distribution, "PreferSameZone");
    EXPECT_THAT(service.ip_families, ElementsAre(base::Family::kIpv4, base::Family::kIpv6));
    EXPECT_EQ(service.service_proxy_name, "");
    EXPECT_EQ(service.annotations, (Labels{{"fairlead.io/consistent-hashing", "true"}}));
}

TEST(GoldenService, MayHaveBlanksAroundItsSourceRanges) {
    const auto service = decoded<Service>("service-blanks");
    EXPECT_THAT(texts(service.load_balancer_source_ranges), ElementsAre("10.0.0.0/8", "10.1.0.0/16"));
}

TEST(GoldenService, MayBeHeadlessExternalOrSomebodyElses) {
    const auto headless = decoded<Service>("service-headless");
    EXPECT_TRUE(headless.headless);
    EXPECT_THAT(headless.cluster_ips, IsEmpty());
    const auto outside = decoded<Service>("service-outside");
    EXPECT_EQ(outside.type, ServiceType::kExternalName);
    EXPECT_EQ(outside.external_name, "shop.example");
    const auto foreign = decoded<Service>("service-foreign");
    EXPECT_EQ(foreign.service_proxy_name, "other");
    EXPECT_EQ(foreign.affinity_timeout_s, std::nullopt);
}

TEST(GoldenSlice, HasAllItsFieldsInBothEncodings) {
    const auto slice = decoded<EndpointSlice>("slice-cart-v4");
    EXPECT_EQ(slice.key, (ObjectKey{"golden", "cart-v4"}));
    EXPECT_EQ(slice.service_name, "cart");
    EXPECT_EQ(slice.family, base::Family::kIpv4);
    const std::vector<EndpointPort> ports = {{"http", base::L4Protocol::kTcp, 8080},
                                             {"dns", base::L4Protocol::kUdp, 5353}};
    EXPECT_EQ(slice.ports, ports);
    EXPECT_THAT(slice.names, ElementsAre("", "n1", "a", "b", "n2", "n3"));
    ASSERT_THAT(slice.endpoints, SizeIs(4));
    std::vector<std::string> seen;
    for (const auto& endpoint : slice.endpoints)
        seen.push_back(endpoint.address.to_string() + " " + std::string(slice.node_name(endpoint)) + " " +
                       std::string(slice.zone(endpoint)) + (endpoint.ready ? " ready" : "") +
                       (endpoint.serving ? " serving" : "") + (endpoint.terminating ? " terminating" : ""));
    EXPECT_THAT(seen, ElementsAre("10.64.0.1 n1 a ready serving", "10.64.0.2 n2 b serving terminating",
                                  "10.64.0.3 n1 a", "10.64.0.4   ready serving"));
    EXPECT_THAT(hints_of(slice), ElementsAre("0 zone a", "0 zone b", "0 node n1", "1 zone b", "2 zone a",
                                             "2 node n1", "2 node n3"));
    EXPECT_EQ(slice.last_change_trigger_ns, 1'795'521'600'500'000'000);
}

TEST(GoldenSlice, MayBeIpv6EmptyOrOfNames) {
    const auto v6 = decoded<EndpointSlice>("slice-cart-v6");
    EXPECT_EQ(v6.family, base::Family::kIpv6);
    EXPECT_EQ(v6.endpoints.at(0).address.to_string(), "fd00:64::1");
    EXPECT_THAT(v6.hints, IsEmpty());
    EXPECT_THAT(decoded<EndpointSlice>("slice-cart-fqdn").endpoints, IsEmpty());
    EXPECT_THAT(decoded<EndpointSlice>("slice-cart-empty").endpoints, IsEmpty());
}

TEST(GoldenNode, HasAllItsFieldsInBothEncodings) {
    const auto node = decoded<Node>("node");
    EXPECT_EQ(node.key.to_string(), "n1");
    EXPECT_EQ(node.uid, "6c4f3479-a455-40e9-a6ff-72dfebbde54d");
    EXPECT_THAT(texts(node.addresses), ElementsAre("192.0.2.1", "2001:db8::1"));
    EXPECT_THAT(texts(node.pod_cidrs), ElementsAre("10.64.0.0/24", "fd00:64::/64"));
    EXPECT_EQ(node.zone, "a");
    EXPECT_EQ(node.labels.at("rack"), "7");
    EXPECT_THAT(node.taints, ElementsAre("node.kubernetes.io/not-ready"));
    EXPECT_FALSE(node.terminating);
}

TEST(GoldenNamespace, HasItsLabelsInBothEncodings) {
    const auto space = decoded<Namespace>("namespace");
    EXPECT_EQ(space.key.to_string(), "golden");
    EXPECT_EQ(space.labels.at("team"), "cart");
}

TEST(GoldenServiceCidr, HasAllItsFieldsInBothEncodings) {
    const auto first = decoded<ServiceCidr>("service-cidr-kubernetes");
    EXPECT_EQ(first.key.to_string(), "kubernetes");
    EXPECT_THAT(texts(first.cidrs), ElementsAre("10.96.0.0/16", "fd00:96::/112"));
    EXPECT_TRUE(first.ready);
    EXPECT_FALSE(first.terminating);
    const auto leaving = decoded<ServiceCidr>("service-cidr-leaving");
    EXPECT_THAT(texts(leaving.cidrs), ElementsAre("10.112.0.0/16"));
    EXPECT_FALSE(leaving.ready);
    EXPECT_TRUE(leaving.terminating);
}

TEST(GoldenPod, HasAllItsFieldsInBothEncodings) {
    const auto pod = decoded<Pod>("pod");
    EXPECT_EQ(pod.key.to_string(), "golden/cart-0");
    EXPECT_EQ(pod.node_name, "n1");
    EXPECT_TRUE(pod.host_network);
    EXPECT_TRUE(pod.ready);
    EXPECT_TRUE(pod.terminating);
    EXPECT_FALSE(pod.finished);
    EXPECT_EQ(pod.dns_policy, DnsPolicy::kClusterFirst);
    EXPECT_EQ(pod.dns_config, PodDnsConfig{});
    EXPECT_THAT(texts(pod.pod_ips), ElementsAre("10.64.0.1", "fd00:64::1"));
    const std::vector<ContainerPort> ports = {{"web", base::L4Protocol::kTcp, 8080},
                                              {"dns", base::L4Protocol::kUdp, 5353},
                                              {"", base::L4Protocol::kTcp, 9090}};
    EXPECT_EQ(pod.ports, ports);
}

TEST(GoldenList, IsTheSameInBothEncodings) {
    JsonDecoder decoder;
    for (const auto& [name, kind, size] : {std::tuple{"list-services-page", "Service", 3},
                                           {"list-slices", "EndpointSlice", 4},
                                           std::tuple{"list-service-cidrs", "ServiceCIDR", 2}}) {
        const auto json = decoder.decode_list(golden(std::string(name) + ".json"), kind);
        const auto protobuf = decode_protobuf_list(golden(std::string(name) + ".pb"), kind);
        ASSERT_TRUE(json) << json.error().message;
        ASSERT_TRUE(protobuf) << protobuf.error().message;
        EXPECT_EQ(*json, *protobuf);
        EXPECT_THAT(protobuf->items, SizeIs(size));
        EXPECT_THAT(protobuf->keys, SizeIs(size));
        for (const auto& item : protobuf->items)
            EXPECT_TRUE(item) << item.error().to_string();
        EXPECT_FALSE(protobuf->resource_version.empty());
        EXPECT_EQ(protobuf->continue_token.empty(), kind != std::string("Service"));
    }
    EXPECT_FALSE(decode_protobuf_list(golden("list-slices.pb"), "Service")) << "a list of something else";
}

TEST(GoldenWatch, StreamingListEndsWithABookmarkInBothEncodings) {
    for (const auto& [name, objects] : {std::pair{"watch-services", 5U}, {"watch-slices", 4U}}) {
        const auto seen = events(name, Encoding::kProtobuf);
        EXPECT_EQ(seen, events(name, Encoding::kJson));
        ASSERT_THAT(seen, SizeIs(objects + 1));
        for (std::size_t i = 0; i < objects; ++i) {
            EXPECT_EQ(seen[i].type, WatchEvent::Type::kAdded);
            EXPECT_TRUE(seen[i].object) << seen[i].object.error().to_string();
        }
        EXPECT_EQ(seen.back().type, WatchEvent::Type::kBookmark);
        EXPECT_TRUE(seen.back().initial_events_end);
        EXPECT_FALSE(seen.back().resource_version.empty());
    }
}

TEST(GoldenWatch, ChangesAreTheSameInBothEncodings) {
    const auto seen = events("watch-changes", Encoding::kProtobuf);
    EXPECT_EQ(seen, events("watch-changes", Encoding::kJson));
    ASSERT_THAT(seen, SizeIs(2));
    EXPECT_EQ(seen[0].type, WatchEvent::Type::kModified);
    EXPECT_EQ(std::get<Service>(*seen[0].object).selector.at("app"), "cart2");
    EXPECT_EQ(seen[1].type, WatchEvent::Type::kDeleted);
    EXPECT_EQ(seen[1].key.to_string(), "golden/outside");
    EXPECT_GT(std::stoi(seen[1].resource_version), std::stoi(seen[0].resource_version));
}

TEST(GoldenWatch, ForgottenVersionIsAnErrorEventInBothEncodings) {
    const auto seen = events("watch-gone", Encoding::kProtobuf);
    EXPECT_EQ(seen, events("watch-gone", Encoding::kJson));
    ASSERT_THAT(seen, SizeIs(1));
    EXPECT_EQ(seen[0].type, WatchEvent::Type::kError);
    EXPECT_EQ(seen[0].status.code, 410U);
    EXPECT_EQ(seen[0].status.reason, "Expired");
    EXPECT_THAT(seen[0].status.message, HasSubstr("too old resource version"));
}

TEST(GoldenStatus, IsTheSameInBothEncodings) {
    JsonDecoder decoder;
    for (const auto& [name, code] : {std::pair{"refused", 422U}, {"forbidden", 403U}}) {
        const auto json = decoder.decode_status(golden(std::string(name) + ".json"));
        const auto protobuf = decode_protobuf_status(golden(std::string(name) + ".pb"));
        ASSERT_TRUE(json) << json.error().message;
        ASSERT_TRUE(protobuf) << protobuf.error().message;
        EXPECT_EQ(*json, *protobuf);
        EXPECT_EQ(protobuf->code, code);
        EXPECT_FALSE(protobuf->message.empty());
    }
}

}  // namespace
}  // namespace fairlead::kube
