// What a Pod says of how it resolves names, in each form that objects come in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/decode_json.h"
#include "kube/decode_protobuf.h"
#include "kube/manifest_files.h"
#include "support/kube_wire.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Message = test::ProtobufMessage;

constexpr std::string_view kYaml = R"(apiVersion: v1
kind: Pod
metadata:
  name: cart-0
  namespace: shop
  annotations: {fairlead.io/dns-search: "off", other.example/note: x}
spec:
  nodeName: n1
  dnsPolicy: None
  dnsConfig:
    nameservers: [10.96.0.10, "fd00:96::a"]
    searches: [shop.svc.cluster.local, corp.example]
    options:
    - {name: ndots, value: "2"}
    - {name: edns0}
)";

constexpr std::string_view kJson = R"({"apiVersion":"v1","kind":"Pod",
  "metadata":{"name":"cart-0","namespace":"shop",
    "annotations":{"fairlead.io/dns-search":"off","other.example/note":"x"}},
  "spec":{"nodeName":"n1","dnsPolicy":"None","dnsConfig":{"nameservers":["10.96.0.10","fd00:96::a"],
    "searches":["shop.svc.cluster.local","corp.example"],
    "options":[{"name":"ndots","value":"2"},{"name":"edns0"}]}}})";

std::string as_protobuf() {
    const auto metadata = Message{}
                              .bytes(1, "cart-0")
                              .bytes(3, "shop")
                              .entry(12, "fairlead.io/dns-search", "off")
                              .entry(12, "other.example/note", "x");
    const auto config = Message{}
                            .bytes(1, "10.96.0.10")
                            .bytes(1, "fd00:96::a")
                            .bytes(2, "shop.svc.cluster.local")
                            .bytes(2, "corp.example")
                            .message(3, Message{}.bytes(1, "ndots").bytes(2, "2"))
                            .message(3, Message{}.bytes(1, "edns0"));
    const auto spec = Message{}.bytes(6, "None").bytes(10, "n1").message(26, config);
    return test::kubernetes_protobuf("v1", "Pod", Message{}.message(1, metadata).message(2, spec));
}

void expect_all_fields(const Pod& pod) {
    EXPECT_EQ(pod.dns_policy, DnsPolicy::kNone);
    EXPECT_THAT(pod.dns_config->nameservers, ElementsAre("10.96.0.10", "fd00:96::a"));
    EXPECT_THAT(pod.dns_config->searches, ElementsAre("shop.svc.cluster.local", "corp.example"));
    EXPECT_THAT(pod.dns_config->options, ElementsAre(PodDnsOption{"ndots", "2"}, PodDnsOption{"edns0", ""}));
    EXPECT_EQ(pod.annotations, (Labels{{"fairlead.io/dns-search", "off"}}));
}

Pod from_json(const std::string& json) {
    JsonDecoder decoder;
    const auto object = decoder.decode_object(json);
    if (!object) throw std::runtime_error(object.error().to_string());
    return std::get<Pod>(*object);
}

std::string pod_json(const std::string& spec) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{)" + spec + "}}";
}

TEST(PodDns, IsReadAlikeFromJsonProtobufAndYaml) {
    expect_all_fields(from_json(std::string(kJson)));
    const auto protobuf = decode_protobuf_object(as_protobuf());
    ASSERT_TRUE(protobuf) << protobuf.error().to_string();
    expect_all_fields(std::get<Pod>(*protobuf));
    ManifestFiles files;
    files.put("pod.yaml", kYaml);
    ASSERT_THAT(files.problems(), IsEmpty());
    ASSERT_THAT(files.objects().pods, SizeIs(1));
    expect_all_fields(files.objects().pods.front());
}

TEST(PodDns, PolicyIsClusterFirstWhereNoneIsGiven) {
    EXPECT_EQ(from_json(pod_json("")).dns_policy, DnsPolicy::kClusterFirst);
    EXPECT_EQ(from_json(pod_json(R"("dnsPolicy":"")")).dns_policy, DnsPolicy::kClusterFirst);
    EXPECT_EQ(from_json(pod_json(R"("dnsPolicy":"Default")")).dns_policy, DnsPolicy::kDefault);
    EXPECT_EQ(from_json(pod_json(R"("dnsPolicy":"ClusterFirstWithHostNet")")).dns_policy,
              DnsPolicy::kClusterFirstWithHostNet);
}

TEST(PodDns, PolicyOfALaterReleaseIsNotTakenForOneThatIsKnown) {
    JsonDecoder decoder;
    const auto page =
        decoder.decode_list(R"({"items":[{"metadata":{"name":"p"},"spec":{"dnsPolicy":"Quantum"}}]})", "Pod");
    ASSERT_TRUE(page && page->items.at(0));
    EXPECT_EQ(std::get<Pod>(*page->items[0]).dns_policy, DnsPolicy::kOther);
}

TEST(PodDns, ManifestWithNameserversThatAreNoneIsRefused) {
    struct Case {
        std::string spec;
        const char* problem;
    };
    const Case cases[] = {
        {"{dnsPolicy: None}",
         "Pod shop/p: spec.dnsConfig.nameservers: is missing, which dnsPolicy None does not go without"},
        {"{dnsConfig: {nameservers: [10.96.0.10, dns.example]}}",
         "Pod shop/p: spec.dnsConfig.nameservers[1]: "},
        {"{dnsPolicy: Quantum}", "Pod shop/p: spec.dnsPolicy: 'Quantum' is not known here"},
        {"{dnsConfig: {searches: 7}}", "Pod shop/p: spec.dnsConfig.searches: wants a list"},
        {"{dnsConfig: {options: [ndots]}}", "Pod shop/p: spec.dnsConfig.options[0]: wants an object"},
    };
    for (const auto& wrong : cases) {
        ManifestFiles files;
        files.put("p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: " +
                                wrong.spec + "\n");
        ASSERT_THAT(files.problems(), SizeIs(1)) << wrong.spec;
        EXPECT_THAT(files.problems()[0].message, HasSubstr(wrong.problem));
        EXPECT_THAT(files.objects().pods, IsEmpty());
    }
}

TEST(NamespaceAnnotations, AreThoseMeantForFairlead) {
    JsonDecoder decoder;
    const auto json = decoder.decode_object(
        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop",
            "annotations":{"fairlead.io/dns-search":"count","other.example/note":"x"}}})");
    ASSERT_TRUE(json);
    EXPECT_EQ(std::get<Namespace>(*json).annotations, (Labels{{"fairlead.io/dns-search", "count"}}));
    const auto metadata = Message{}.bytes(1, "shop").entry(12, "fairlead.io/dns-search", "count");
    const auto protobuf =
        decode_protobuf_object(test::kubernetes_protobuf("v1", "Namespace", Message{}.message(1, metadata)));
    ASSERT_TRUE(protobuf);
    EXPECT_EQ(*protobuf, *json);
}

}  // namespace
}  // namespace fairlead::kube
