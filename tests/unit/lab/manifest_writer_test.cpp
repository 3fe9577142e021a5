#include "lab/manifest_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/demo.h"
#include "lab/hosts_files.h"

namespace fairlead::lab {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Objects = kube::ManifestFiles::Objects;

base::IpAddress ip(std::string_view text) {
    return base::IpAddress::parse(text).value();
}

/// Every field has another value than its default.
kube::Service service() {
    kube::Service service;
    service.key = {"shop", "cart-1"};
    service.uid = "u-1";
    service.type = kube::ServiceType::kLoadBalancer;
    service.cluster_ips = {ip("10.96.0.1"), ip("fd00::1")};
    service.ports = {{"http", base::L4Protocol::kTcp, 80, 30080, std::string("web"), "http"},
                     {"echo", base::L4Protocol::kUdp, 7, 0, std::uint16_t{7000}, ""}};
    service.selector = {{"app", "cart"}, {"tier", ""}};
    service.external_ips = {ip("192.0.2.1")};
    service.load_balancer_ips = {ip("192.0.2.2")};
    service.load_balancer_source_ranges = {base::Prefix::parse("198.51.100.0/24").value()};
    service.affinity_timeout_s = 60;
    service.external_traffic_policy = kube::TrafficPolicy::kLocal;
    service.internal_traffic_policy = kube::TrafficPolicy::kLocal;
    service.health_check_node_port = 30090;
    service.publish_not_ready_addresses = true;
    service.traffic_distribution = "PreferClose";
    service.ip_families = {base::Family::kIpv4, base::Family::kIpv6};
    service.service_proxy_name = "other";
    service.annotations = kube::Labels{{"fairlead.io/hash", "maglev \"x\""}};
    return service;
}

kube::Service headless() {
    kube::Service service;
    service.key = {"shop", "headless"};
    service.headless = true;
    return service;
}

kube::Service external_name() {
    kube::Service service;
    service.key = {"shop", "z-external"};
    service.type = kube::ServiceType::kExternalName;
    service.external_name = "example.com";
    return service;
}

kube::EndpointSlice slice() {
    kube::EndpointSlice slice;
    slice.key = {"shop", "cart-abc"};
    slice.service_name = "cart";
    slice.made_by_controller = true;
    slice.ports = {{"http", base::L4Protocol::kSctp, 8080}, {"", base::L4Protocol::kTcp, 0}};
    slice.names = {"", "node-1", "zone-a"};
    slice.endpoints.resize(2);
    slice.endpoints[0].address = ip("10.0.0.1");
    slice.endpoints[0].node_name = 1;
    slice.endpoints[0].zone = 2;
    slice.endpoints[0].ready = false;
    slice.endpoints[0].terminating = true;
    slice.endpoints[1].address = ip("10.0.0.2");
    using enum kube::EndpointHint::Kind;
    slice.add_hint(0, kZone, "zone-a");
    slice.add_hint(0, kZone, "zone-b");
    slice.add_hint(1, kNode, "node-1");
    return slice;
}

kube::Node node() {
    kube::Node node;
    node.key = {"", "node-1"};
    node.addresses = {ip("172.18.0.11")};
    node.pod_cidrs = {base::Prefix::parse("10.64.1.0/24").value()};
    node.zone = "zone-a";
    node.labels = {{"topology.kubernetes.io/zone", "zone-a"}};
    return node;
}

kube::Pod pod() {
    kube::Pod pod;
    pod.key = {"shop", "cart-1"};
    pod.uid = "u-2";
    pod.labels = {{"app", "cart"}};
    pod.node_name = "node-1";
    pod.host_network = true;
    pod.pod_ips = {ip("10.64.1.2"), ip("fd00::2")};
    pod.ports = {{"web", base::L4Protocol::kTcp, 8080}};
    pod.ready = true;
    pod.terminating = true;
    pod.finished = true;
    return pod;
}

Objects every_field() {
    Objects objects;
    objects.services = {service(), headless(), external_name()};
    objects.slices = {slice()};
    objects.nodes = {node()};
    objects.namespaces.resize(1);
    objects.namespaces[0].key = {"", "shop"};
    objects.namespaces[0].labels = {{"team", "a"}};
    objects.service_cidrs.resize(2);
    objects.service_cidrs[0].key = {"", "kubernetes"};
    objects.service_cidrs[0].cidrs = {base::Prefix::parse("10.96.0.0/16").value(),
                                      base::Prefix::parse("fd00:96::/112").value()};
    objects.service_cidrs[1].key = {"", "leaving"};
    objects.service_cidrs[1].ready = false;
    objects.service_cidrs[1].terminating = true;
    objects.pods = {pod(), {}};
    objects.pods[1].key = {"shop", "plain"};
    return objects;
}

TEST(ManifestWriter, WhatIsReadOfItIsWhatWasWritten) {
    const auto objects = every_field();
    kube::ManifestFiles files;
    files.put("lab.json", to_manifest(objects));
    for (const auto& problem : files.problems())
        ADD_FAILURE() << problem.to_string();
    const auto read = files.objects();
    EXPECT_EQ(read.services, objects.services);
    EXPECT_EQ(read.slices, objects.slices);
    EXPECT_EQ(read.nodes, objects.nodes);
    EXPECT_EQ(read.namespaces, objects.namespaces);
    EXPECT_EQ(read.service_cidrs, objects.service_cidrs);
    EXPECT_EQ(read.pods, objects.pods);
}

TEST(Demo, IsAManifestWithoutProblems) {
    kube::ManifestFiles files;
    files.put("services.yaml", demo_services());
    files.put("pods.yaml", demo_pods(3));
    EXPECT_THAT(files.problems(), IsEmpty());
    EXPECT_EQ(files.objects().pods.size(), 4U);
    EXPECT_EQ(files.objects().services.size(), 1U);
}

TEST(HostsFiles, ShortNamesHoldInTheirOwnNamespace) {
    Objects objects;
    kube::Service cart;
    cart.key = {"shop", "cart"};
    cart.cluster_ips = {ip("10.96.0.1")};
    objects.services = {cart};
    objects.pods = {pod()};
    const auto files = hosts_files(objects);
    EXPECT_THAT(files.at("shop"),
                HasSubstr("10.96.0.1\tcart cart.shop cart.shop.svc cart.shop.svc.cluster.local\n"));
    EXPECT_THAT(files.at("default"), HasSubstr("10.96.0.1\tcart.shop cart.shop.svc "));
    EXPECT_THAT(files.at("default"), HasSubstr("localhost"));
}

TEST(HostsFiles, HeadlessServicesAreNamesOfTheirReadyPods) {
    Objects objects;
    auto cart = headless();
    cart.key = {"shop", "cart"};
    cart.selector = {{"app", "cart"}};
    objects.pods = {pod(), pod(), pod(), pod()};
    for (std::size_t i = 0; i < objects.pods.size(); ++i) {
        objects.pods[i].finished = false;
        objects.pods[i].pod_ips = {ip("10.64.1." + std::to_string(i))};
    }
    objects.pods[1].ready = false;
    objects.pods[2].labels = {{"app", "other"}};
    objects.pods[3].key.namespace_name = "other";
    const auto names = "\tcart cart.shop cart.shop.svc cart.shop.svc.cluster.local\n";
    const auto lines = [&] { return hosts_files(objects).at("shop"); };
    objects.services = {cart};
    EXPECT_THAT(lines(), HasSubstr(std::string("10.64.1.0") + names));
    for (const auto* other : {"10.64.1.1", "10.64.1.2", "10.64.1.3"})
        EXPECT_THAT(lines(), testing::Not(HasSubstr(std::string(other) + names)));
    objects.services[0].publish_not_ready_addresses = true;
    EXPECT_THAT(lines(), HasSubstr(std::string("10.64.1.1") + names));
    objects.services[0].selector.clear();
    EXPECT_THAT(lines(), testing::Not(HasSubstr(names)));
}

}  // namespace
}  // namespace fairlead::lab
