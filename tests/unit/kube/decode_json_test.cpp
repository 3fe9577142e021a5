#include "kube/decode_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string service(const std::string& spec, const std::string& rest = "") {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"cart"},"spec":{)" +
           spec + "}" + rest + "}";
}

std::string slice(const std::string& rest) {
    return R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"namespace":"shop","name":"c-1"},)" +
           rest + "}";
}

std::string error_of(const std::string& json) {
    JsonDecoder decoder;
    const auto object = decoder.decode_object(json);
    return object ? "none" : object.error().to_string();
}

template <class Object>
Object decoded(const std::string& json) {
    JsonDecoder decoder;
    const auto object = decoder.decode_object(json);
    if (!object) throw std::runtime_error(object.error().to_string());
    return std::get<Object>(*object);
}

TEST(DecodeJson, NamesObjectFieldAndReasonOfWhatIsWrong) {
    struct Case {
        const char* name;
        std::string json;
        const char* error;
    };
    const Case cases[] = {
        {"protocol", service(R"("ports":[{"port":1},{"port":2,"protocol":"ICMP"}])"),
         "Service shop/cart: spec.ports[1].protocol: "},
        {"port range", service(R"("ports":[{"port":65536}])"),
         "Service shop/cart: spec.ports[0].port: wants a number from 0 to 65535"},
        {"negative port", service(R"("ports":[{"port":-1}])"),
         "spec.ports[0].port: wants a number from 0 to 65535"},
        {"no port", service(R"("ports":[{}])"), "spec.ports[0].port: is missing"},
        {"port as text", service(R"("ports":[{"port":"80"}])"), "spec.ports[0].port: wants a number"},
        {"ports no list", service(R"("ports":{})"), "spec.ports: wants a list"},
        {"port no object", service(R"("ports":[80])"), "spec.ports[0]: wants an object"},
        {"spec no object", R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":1})",
         "Service a: spec: wants an object"},
        {"cluster IP", service(R"("clusterIP":"10.96.0.999")"), "spec.clusterIP: "},
        {"cluster IPs", service(R"("clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","x"])"),
         "spec.clusterIPs[1]: "},
        {"type", service(R"("type":"Magic")"), "spec.type: 'Magic' is not known here"},
        {"policy", service(R"("externalTrafficPolicy":"Global")"), "spec.externalTrafficPolicy: 'Global'"},
        {"affinity", service(R"("sessionAffinity":"Cookie")"), "spec.sessionAffinity: 'Cookie'"},
        {"affinity timeout",
         service(
             R"("sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":86401}})"),
         "spec.sessionAffinityConfig.clientIP.timeoutSeconds: wants a number from 0 to 86400"},
        {"family", service(R"("ipFamilies":["IPv5"])"), "spec.ipFamilies[0]: 'IPv5' is not IPv4 or IPv6"},
        {"source range", service(R"("loadBalancerSourceRanges":["10.0.0.0/33"])"),
         "spec.loadBalancerSourceRanges[0]: "},
        {"selector", service(R"("selector":{"app":1})"), "spec.selector.app: wants text"},
        {"boolean", service(R"("publishNotReadyAddresses":"yes")"),
         "spec.publishNotReadyAddresses: wants true or false"},
        {"ingress", service("", R"(,"status":{"loadBalancer":{"ingress":[{"ip":"x"}]}})"),
         "status.loadBalancer.ingress[0].ip: "},
        {"no name", R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop"}})",
         "Service shop/: metadata.name: is missing"},
        {"address family",
         slice(R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["fd00::1"]}])"),
         "EndpointSlice shop/c-1: endpoints[1].addresses[0]: fd00::1 is not of the slice's addressType"},
        {"no address", slice(R"("addressType":"IPv4","endpoints":[{"addresses":[]}])"),
         "endpoints[0].addresses: is missing"},
        {"address type", slice(R"("addressType":"MAC")"), "addressType: 'MAC' is none of IPv4, IPv6, FQDN"},
        {"condition",
         slice(R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":1}}])"),
         "endpoints[0].conditions.ready: wants true or false"},
        {"pod CIDR",
         R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"},"spec":{"podCIDRs":["x"]}})",
         "Node n1: spec.podCIDRs[0]: "},
        {"container port",
         R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"ports":[{"protocol":"X"}]}]}})",
         "Pod p: spec.containers[0].ports[0].protocol: "},
        {"unknown kind", R"({"apiVersion":"apps/v1","kind":"Deployment"})",
         "Deployment: kind: apps/v1 Deployment is no kind that fairlead uses"},
        {"old version", R"({"apiVersion":"discovery.k8s.io/v1beta1","kind":"EndpointSlice"})",
         "discovery.k8s.io/v1beta1 EndpointSlice is no kind"},
        {"no version", R"({"kind":"Service","metadata":{"name":"a"}})", "Service: apiVersion: is missing"},
        {"no kind", R"({"apiVersion":"v1"})", "object: kind: is missing"},
        {"no object", "[]", "object: no JSON object"},
        {"no JSON", "{", "object: no JSON object"},
        {"nothing", "", "object: no JSON object"},
    };
    for (const auto& wrong : cases)
        EXPECT_THAT(error_of(wrong.json), HasSubstr(wrong.error)) << wrong.name;
}

TEST(DecodeJson, TakesDefaultsWhereFieldsAreAbsentOrNull) {
    for (const auto* spec : {R"("ports":[{"port":80}],"sessionAffinity":"ClientIP")",
                             R"("ports":[{"port":80,"protocol":null,"targetPort":null}],"type":null,
                                "sessionAffinity":"ClientIP","sessionAffinityConfig":null,"selector":null)"}) {
        const auto found = decoded<Service>(service(spec));
        EXPECT_EQ(found.type, ServiceType::kClusterIp);
        EXPECT_EQ(found.ports.at(0).protocol, base::L4Protocol::kTcp);
        EXPECT_EQ(found.ports.at(0).target_port, TargetPort{std::uint16_t{80}});
        EXPECT_EQ(found.affinity_timeout_s, 10'800U);
        EXPECT_EQ(found.external_traffic_policy, TrafficPolicy::kCluster);
    }
}

TEST(DecodeJson, EmptyTargetPortIsThePortAndNoneAmongClusterIpsIsHeadless) {
    const auto found =
        decoded<Service>(service(R"("ports":[{"port":80,"targetPort":""}],"clusterIPs":["None"])"));
    EXPECT_EQ(found.ports.at(0).target_port, TargetPort{std::uint16_t{80}});
    EXPECT_TRUE(found.headless);
    EXPECT_TRUE(found.cluster_ips.empty());
}

TEST(DecodeJson, EndpointWithoutConditionsIsReadyAndServingFollowsReady) {
    const auto found = decoded<EndpointSlice>(slice(
        R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["10.0.0.2"],"conditions":{"ready":false}}])"));
    ASSERT_THAT(found.endpoints, SizeIs(2));
    EXPECT_TRUE(found.endpoints[0].ready && found.endpoints[0].serving && !found.endpoints[0].terminating);
    EXPECT_FALSE(found.endpoints[1].ready || found.endpoints[1].serving);
}

TEST(DecodeJson, HintsBelongToTheirEndpoints) {
    const auto found = decoded<EndpointSlice>(slice(
        R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]},
           {"addresses":["10.0.0.2"],"hints":{"forZones":[{"name":"a"},{"name":""}],"forNodes":[{"name":"n1"},{"name":"n2"}]}},
           {"addresses":["10.0.0.3"],"hints":{"forNodes":[{"name":"n1"}]}},{"addresses":["10.0.0.4"],"hints":{}}])"));
    EXPECT_THAT(found.hints, SizeIs(4));
    EXPECT_TRUE(found.has_any_zone_hint(1) && found.has_zone_hint(1, "a") && !found.has_zone_hint(1, "n1"));
    EXPECT_TRUE(found.has_any_node_hint(1) && found.has_node_hint(1, "n2") && !found.has_node_hint(1, "a"));
    EXPECT_TRUE(!found.has_any_zone_hint(2) && found.has_node_hint(2, "n1") && !found.has_node_hint(2, "n2"));
    for (const std::size_t without : {0U, 3U, 4U})
        EXPECT_FALSE(found.has_any_zone_hint(without) || found.has_any_node_hint(without)) << without;
}

TEST(DecodeJson, EndpointsKnowTheirPods) {
    const auto found = decoded<EndpointSlice>(slice(
        R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]},
           {"addresses":["10.0.0.2"],"targetRef":{"kind":"Pod","namespace":"shop","name":"cart-1"}},
           {"addresses":["10.0.0.3"],"targetRef":{"kind":"Node","name":"n1"}},
           {"addresses":["10.0.0.4"],"targetRef":{"kind":"Pod","name":"cart-2"}},
           {"addresses":["10.0.0.5"],"targetRef":null}])"));
    EXPECT_THAT(found.pods.all(), testing::ElementsAre("", "cart-1", "", "cart-2"));
}

TEST(DecodeJson, EndpointsKnowTheirHostnames) {
    const auto json = [](const std::string& second) {
        return slice(R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"hostname":""},
           {"addresses":["10.0.0.2"],"hostname":)" +
                     second + R"(},{"addresses":["10.0.0.3"],"hostname":"db-2"}])");
    };
    const auto found = decoded<EndpointSlice>(json(R"("db-1")"));
    ASSERT_TRUE(found.hostnames.has_value());
    EXPECT_THAT(found.hostnames->all(), testing::ElementsAre("", "db-1", "db-2"));
    EXPECT_NE(found, decoded<EndpointSlice>(json(R"("db-9")")));
    EXPECT_EQ(found, decoded<EndpointSlice>(json(R"("db-1")")));
    EXPECT_FALSE(
        decoded<EndpointSlice>(slice(R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]}])"))
            .hostnames.has_value())
        << "memory for what is nearly always absent";
}

TEST(DecodeJson, PodsKnowTheirHostnameAndSubdomain) {
    const auto found = decoded<Pod>(
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"hostname":"db-0","subdomain":"db"}})");
    EXPECT_EQ(found.hostname, "db-0");
    EXPECT_EQ(found.subdomain, "db");
}

TEST(DecodeJson, SliceWithoutHintsHoldsNoMemoryForThem) {
    const auto found = decoded<EndpointSlice>(
        slice(R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"hints":null}])"));
    EXPECT_EQ(found.hints.capacity(), 0U);
    EXPECT_LE(sizeof(EndpointHint), 8U);
}

TEST(DecodeJson, ServiceCidrWithoutTheConditionReadyIsReady) {
    const std::string about =
        R"({"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","metadata":{"name":"extra"},)"
        R"("spec":{"cidrs":["10.112.0.0/16"]})";
    for (const auto* status :
         {"", R"(,"status":null)", R"(,"status":{"conditions":[{"type":"Other","status":"False"}]})"})
        EXPECT_TRUE(decoded<ServiceCidr>(about + status + "}").ready) << status;
    EXPECT_FALSE(
        decoded<ServiceCidr>(about + R"(,"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}})")
            .ready);
    EXPECT_THAT(
        error_of(R"({"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","metadata":{"name":"extra"},)"
                 R"("spec":{"cidrs":["10.112.0.0"]}})"),
        HasSubstr("ServiceCIDR extra: spec.cidrs[0]: "));
}

TEST(DecodeJson, NodeThatIsBeingDeletedIsTerminating) {
    EXPECT_TRUE(
        decoded<Node>(
            R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n1","deletionTimestamp":"2026-01-02T03:04:05Z"}})")
            .terminating);
}

TEST(DecodeJson, BadItemOfAListIsInItsPlaceAndTheOthersAreRead) {
    JsonDecoder decoder;
    const auto page = decoder.decode_list(
        R"({"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}},)"
        R"({"metadata":{"name":"b"},"spec":{"clusterIP":"Magic"}},{"metadata":{"name":"c"}}]})",
        "Service");
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_THAT(page->items, SizeIs(3));
    EXPECT_TRUE(page->items[0] && page->items[2]);
    EXPECT_EQ(page->keys[1].name, "b");
    EXPECT_THAT(page->items[1].error().to_string(), HasSubstr("Service b: spec.clusterIP"));
}

TEST(DecodeJson, WatchEventsOfNoKnownTypeOrFormAreRefused) {
    JsonDecoder decoder;
    for (const auto* json :
         {R"({"type":"EXPLODED","object":{}})", R"({"type":"ADDED"})", R"({"object":{}})", "7"})
        EXPECT_FALSE(decoder.decode_watch_event(json)) << json;
}

}  // namespace
}  // namespace fairlead::kube
