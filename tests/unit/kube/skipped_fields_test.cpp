// What one odd value in an object costs: itself, where the object can be used without it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/decode_json.h"
#include "kube/decode_protobuf.h"
#include "support/kube_wire.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Message = test::ProtobufMessage;

struct Read {
    AnyObject object;
    std::vector<std::string> skipped;
};

/// The only item of a list from an API server.
Read from(const base::Result<ListPage>& page) {
    if (!page) throw std::runtime_error(page.error().message);
    if (!page->items.at(0)) throw std::runtime_error(page->items[0].error().to_string());
    Read read{*page->items[0], {}};
    for (const auto& [index, wrongs] : page->skipped)
        for (const auto& wrong : wrongs)
            read.skipped.push_back(wrong.to_string());
    return read;
}

Read from_json(const std::string& kind, const std::string& rest) {
    JsonDecoder decoder;
    return from(decoder.decode_list(
        R"({"metadata":{},"items":[{"metadata":{"namespace":"shop","name":"cart"},)" + rest + "}]}", kind));
}

Read from_protobuf(const std::string& kind, Message rest) {
    const auto item = Message{}.message(1, Message{}.bytes(1, "cart").bytes(3, "shop"));
    const std::string bytes = item.wire() + rest.wire();
    return from(decode_protobuf_list(
        test::kubernetes_protobuf("v1", kind + "List", Message{}.bytes(2, bytes)), kind));
}

TEST(SkippedFields, OddValuesOfAServiceThatItCanDoWithoutAreReportedAndTheRestIsUsed) {
    struct Case {
        const char* json;
        Message protobuf;
        const char* report;
    };
    const Case cases[] = {
        {R"("externalIPs":["x"])", Message{}.bytes(5, "x"), "spec.externalIPs[0]: 'x' is not an IP address"},
        {R"("loadBalancerSourceRanges":["10.0.0.0/33"])", Message{}.bytes(9, "10.0.0.0/33"),
         "spec.loadBalancerSourceRanges[0]: "},
        {R"("sessionAffinity":"Cookie")", Message{}.bytes(7, "Cookie"), "spec.sessionAffinity: 'Cookie'"},
        {R"("externalTrafficPolicy":"Near")", Message{}.bytes(11, "Near"),
         "spec.externalTrafficPolicy: 'Near'"},
        {R"("internalTrafficPolicy":"Near")", Message{}.bytes(22, "Near"),
         "spec.internalTrafficPolicy: 'Near'"},
        {R"("ipFamilyPolicy":"TripleStack")", Message{}.bytes(17, "TripleStack"), "spec.ipFamilyPolicy: "},
        {R"("ipFamilies":["IPv5"])", Message{}.bytes(19, "IPv5"), "spec.ipFamilies[0]: 'IPv5'"},
        {R"("type":"Magic")", Message{}.bytes(4, "Magic"), "spec.type: 'Magic' is not known here"},
    };
    for (const auto& odd : cases) {
        const auto json =
            from_json("Service", R"("spec":{"clusterIP":"10.96.0.1",)" + std::string(odd.json) + "}");
        auto spec = Message{}.bytes(3, "10.96.0.1").wire() + odd.protobuf.wire();
        const auto protobuf = from_protobuf("Service", Message{}.bytes(2, spec));
        EXPECT_EQ(json.object, protobuf.object) << odd.report;
        EXPECT_EQ(json.skipped, protobuf.skipped);
        EXPECT_THAT(json.skipped, ElementsAre(HasSubstr("Service shop/cart: " + std::string(odd.report))));
        EXPECT_EQ(std::get<Service>(json.object).cluster_ips.at(0).to_string(), "10.96.0.1");
    }
}

TEST(SkippedFields, ServiceWhoseSourceRangesCannotBeReadLetsNobodyIn) {
    const auto none = from_json("Service", R"("spec":{"loadBalancerSourceRanges":["x","y"]})");
    const auto& ranges = std::get<Service>(none.object).load_balancer_source_ranges;
    ASSERT_THAT(ranges, SizeIs(1));
    EXPECT_EQ(ranges[0].to_string(), "0.0.0.0/32");
    const auto some = from_json("Service", R"("spec":{"loadBalancerSourceRanges":["x","10.0.0.1/8"]})");
    EXPECT_EQ(std::get<Service>(some.object).load_balancer_source_ranges.at(0).to_string(), "10.0.0.0/8");
    const auto open = from_json("Service", R"("spec":{"loadBalancerSourceRanges":[]})");
    EXPECT_THAT(std::get<Service>(open.object).load_balancer_source_ranges, IsEmpty());
}

TEST(SkippedFields, BadEndpointCostsNoOtherAndKeepsHintsInPlace) {
    const auto read = from_json(
        "EndpointSlice",
        R"("addressType":"IPv4","endpoints":[{"addresses":["x"],"hints":{"forZones":[{"name":"a"}]}},)"
        R"({"addresses":["10.0.0.2"],"hints":{"forZones":[{"name":"b"}]}},{"addresses":["fd00::1"]},{},)"
        R"({"addresses":["010.0.0.5","junk"]}])");
    const auto& slice = std::get<EndpointSlice>(read.object);
    ASSERT_THAT(slice.endpoints, SizeIs(2));
    EXPECT_EQ(slice.endpoints[0].address.to_string(), "10.0.0.2");
    EXPECT_TRUE(slice.has_zone_hint(0, "b"));
    EXPECT_EQ(slice.endpoints[1].address.to_string(), "10.0.0.5");
    EXPECT_THAT(read.skipped,
                ElementsAre(HasSubstr("EndpointSlice shop/cart: endpoints[0].addresses[0]: 'x' is not an IP"),
                            HasSubstr("endpoints[2].addresses[0]: fd00::1 is not of the slice's addressType"),
                            HasSubstr("endpoints[3].addresses: is missing")));
}

TEST(SkippedFields, SliceOfAnUnknownAddressTypeHasNoEndpoints) {
    const auto read = from_json("EndpointSlice", R"("addressType":"MAC","endpoints":[{"addresses":["a"]}])");
    EXPECT_THAT(std::get<EndpointSlice>(read.object).endpoints, IsEmpty());
    EXPECT_THAT(read.skipped, ElementsAre(HasSubstr("addressType: 'MAC' is none of")));
}

TEST(SkippedFields, OnlyTheFirstFewAreReported) {
    std::string ips;
    for (int i = 0; i < 100; ++i)
        ips += std::string(i == 0 ? "" : ",") + R"("x")";
    EXPECT_THAT(from_json("Service", R"("spec":{"externalIPs":[)" + ips + "]}").skipped, SizeIs(4));
}

TEST(SkippedFields, UnusableClusterIpMakesAServiceUnusable) {
    JsonDecoder decoder;
    const auto page =
        decoder.decode_list(R"({"items":[{"metadata":{"name":"a"},"spec":{"clusterIP":"x"}}]})", "Service");
    ASSERT_TRUE(page);
    ASSERT_FALSE(page->items.at(0));
    EXPECT_THAT(page->items[0].error().to_string(), HasSubstr("spec.clusterIP: "));
}

}  // namespace
}  // namespace fairlead::kube
