#include <gtest/gtest.h>

#include "kube/decode_json.h"
#include "kube/decode_protobuf.h"
#include "support/kube_wire.h"

namespace fairlead::kube {
namespace {

using Message = test::ProtobufMessage;

const std::string kStubDomains = R"({"corp.example": ["10.0.0.1"]})";
const std::string kUpstreams = R"(["10.0.0.2"])";
const ConfigMap kExpected{{"kube-system", "kube-dns"}, kStubDomains, kUpstreams};

TEST(ConfigMap, HasItsTextsForDnsInBothEncodings) {
    JsonDecoder decoder;
    const auto json = decoder.decode_object(
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"kube-system","name":"kube-dns"},)"
        R"("data":{"other":"text","stubDomains":"{\"corp.example\": [\"10.0.0.1\"]}","upstreamNameservers":"[\"10.0.0.2\"]"}})");
    ASSERT_TRUE(json) << json.error().to_string();
    EXPECT_EQ(std::get<ConfigMap>(*json), kExpected);

    const auto metadata = Message{}.bytes(1, "kube-dns").bytes(3, "kube-system");
    const auto protobuf =
        decode_protobuf_object(test::kubernetes_protobuf("v1", "ConfigMap",
                                                         Message{}
                                                             .message(1, metadata)
                                                             .entry(2, "other", "text")
                                                             .entry(2, "stubDomains", kStubDomains)
                                                             .entry(2, "upstreamNameservers", kUpstreams)));
    ASSERT_TRUE(protobuf) << protobuf.error().to_string();
    EXPECT_EQ(std::get<ConfigMap>(*protobuf), kExpected);
}

TEST(ConfigMap, MayHaveNoDataAtAll) {
    JsonDecoder decoder;
    for (const auto* data : {"", R"(,"data":{})", R"(,"data":null,"binaryData":{"a":"AAAA"})"}) {
        const auto object = decoder.decode_object(
            R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"a","name":"b.c"})" +
            std::string(data) + "}");
        ASSERT_TRUE(object) << object.error().to_string();
        EXPECT_EQ(std::get<ConfigMap>(*object), (ConfigMap{{"a", "b.c"}, "", ""}));
    }
}

}  // namespace
}  // namespace fairlead::kube
