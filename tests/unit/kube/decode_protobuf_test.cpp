#include "kube/decode_protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/decode_json.h"
#include "kube/watch_frames.h"
#include "support/kube_wire.h"

namespace fairlead::kube {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using Message = test::ProtobufMessage;

Message metadata(std::string_view name = "cart") {
    return Message{}.bytes(1, name).bytes(3, "shop");
}

std::string service(const Message& spec) {
    return test::kubernetes_protobuf("v1", "Service", Message{}.message(1, metadata()).message(2, spec));
}

std::string slice(const Message& endpoint) {
    return test::kubernetes_protobuf(
        "discovery.k8s.io/v1", "EndpointSlice",
        Message{}.message(1, metadata("c-1")).message(2, endpoint).bytes(4, "IPv4"));
}

std::string protobuf_error_of(const std::string& bytes) {
    const auto object = decode_protobuf_object(bytes);
    return object ? "none" : object.error().to_string();
}

TEST(DecodeProtobuf, NamesObjectFieldAndReasonOfWhatIsWrong) {
    struct Case {
        const char* name;
        std::string bytes;
        const char* error;
    };
    const Case cases[] = {
        {"protocol",
         service(Message{}
                     .message(1, Message{}.varint(3, 1))
                     .message(1, Message{}.varint(3, 2).bytes(2, "ICMP"))),
         "Service shop/cart: spec.ports[1].protocol: "},
        {"port range", service(Message{}.message(1, Message{}.varint(3, 65'536))),
         "spec.ports[0].port: wants a number from 0 to 65535"},
        {"negative port", service(Message{}.message(1, Message{}.varint(3, ~std::uint64_t{0}))),
         "spec.ports[0].port: wants a number from 0 to 65535"},
        {"no port", service(Message{}.message(1, Message{})), "spec.ports[0].port: is missing"},
        {"port as text", service(Message{}.message(1, Message{}.bytes(3, "80"))),
         "spec.ports[0].port: has the wrong wire type"},
        {"target port",
         service(Message{}.message(1, Message{}.varint(3, 80).message(4, Message{}.varint(1, 2)))),
         "spec.ports[0].targetPort.type: wants a number from 0 to 1"},
        {"cluster IP", service(Message{}.bytes(3, "10.96.0.999")), "spec.clusterIP: "},
        {"cut short", service(Message{}.bytes(3, "10.96.0.1")).substr(0, 40), "is cut short or broken"},
        {"group", service(Message{}.varint(3, 1).bytes(3, "x")), "spec.clusterIP: has the wrong wire type"},
        {"address", slice(Message{}.bytes(1, "fd00::1")), "endpoints[0].addresses[0]: fd00::1 is not of"},
        {"no address", slice(Message{}), "endpoints[0].addresses: is missing"},
        {"unknown kind", test::kubernetes_protobuf("apps/v1", "Deployment", Message{}),
         "apps/v1 Deployment is no kind"},
        {"no kind", test::kubernetes_protobuf("", "", Message{}), "object: kind: is missing"},
        {"JSON", R"({"apiVersion":"v1"})", "object: no Kubernetes protobuf"},
        {"nothing", "", "object: no Kubernetes protobuf"},
    };
    for (const auto& wrong : cases)
        EXPECT_THAT(protobuf_error_of(wrong.bytes), HasSubstr(wrong.error)) << wrong.name;
}

TEST(DecodeProtobuf, NodeThatIsBeingDeletedIsTerminating) {
    for (const bool deleted : {false, true}) {
        auto node_metadata = Message{}.bytes(1, "n1");
        if (deleted) node_metadata.message(9, Message{}.varint(1, 1'767'323'045));
        const auto object = decode_protobuf_object(
            test::kubernetes_protobuf("v1", "Node", Message{}.message(1, node_metadata)));
        ASSERT_TRUE(object);
        EXPECT_EQ(std::get<Node>(*object).terminating, deleted);
    }
}

TEST(DecodeProtobuf, PassesOverFieldsThatItDoesNotKnowWhateverTheirType) {
    auto spec =
        Message{}.varint(900, ~std::uint64_t{0}).bytes(901, std::string(300, 'x')).bytes(3, "10.96.0.1");
    const auto fixed = std::string("\x09") + "12345678" + "\x0d" + "1234";  // fields 1, of 8 and of 4 bytes
    const auto bytes = test::kubernetes_protobuf(
        "v1", "Service", Message{}.message(1, metadata()).message(2, spec).bytes(50, fixed));
    const auto object = decode_protobuf_object(bytes);
    ASSERT_TRUE(object) << object.error().to_string();
    EXPECT_EQ(std::get<Service>(*object).cluster_ips.at(0).to_string(), "10.96.0.1");
}

TEST(DecodeProtobuf, TakesTheLastOfAFieldThatComesTwice) {
    const auto object =
        decode_protobuf_object(service(Message{}.bytes(3, "10.96.0.1").bytes(3, "10.96.0.2")));
    ASSERT_TRUE(object) << object.error().to_string();
    EXPECT_EQ(std::get<Service>(*object).cluster_ips.at(0).to_string(), "10.96.0.2");
}

TEST(DecodeProtobuf, EndpointsKnowTheirPods) {
    const auto target = [](std::string_view kind, std::string_view name) {
        return Message{}.bytes(1, kind).bytes(3, name);
    };
    const auto decoded = decode_protobuf_object(
        slice(Message{}.bytes(1, "10.64.0.1").message(4, target("Pod", "a")).message(4, target("Pod", "b"))));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(std::get<EndpointSlice>(*decoded).pods.all().size(), 1U);
}

TEST(DecodeProtobuf, EndpointsKnowTheirHostnames) {
    const auto decoded =
        decode_protobuf_object(slice(Message{}.bytes(1, "10.64.0.1").bytes(3, "db-0").bytes(6, "n1")));
    ASSERT_TRUE(decoded);
    const auto& found = std::get<EndpointSlice>(*decoded);
    ASSERT_TRUE(found.hostnames.has_value());
    EXPECT_THAT(found.hostnames->all(), testing::ElementsAre("db-0"));
}

TEST(DecodeProtobuf, PodsKnowTheirHostnameAndSubdomain) {
    const auto object = decode_protobuf_object(
        test::kubernetes_protobuf("v1", "Pod",
                                  Message{}
                                      .message(1, Message{}.bytes(1, "p"))
                                      .message(2, Message{}.bytes(16, "db-0").bytes(17, "db"))));
    ASSERT_TRUE(object);
    EXPECT_EQ(std::get<Pod>(*object).hostname, "db-0");
    EXPECT_EQ(std::get<Pod>(*object).subdomain, "db");
}

TEST(DecodeProtobuf, ListWithABrokenItemIsReadUpToItsItems) {
    const auto good = Message{}.message(1, metadata("a"));
    const auto bad = Message{}.message(1, metadata("b")).message(2, Message{}.bytes(3, "Magic"));
    const auto bytes = test::kubernetes_protobuf(
        "v1", "ServiceList",
        Message{}.message(1, Message{}.bytes(2, "5")).message(2, good).message(2, bad).message(2, good));
    const auto page = decode_protobuf_list(bytes, "Service");
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_THAT(page->items, SizeIs(3));
    EXPECT_TRUE(page->items[0] && page->items[2]);
    EXPECT_EQ(page->keys[1].name, "b");
    EXPECT_THAT(page->items[1].error().to_string(), HasSubstr("Service shop/b: spec.clusterIP"));
}

TEST(DecodeProtobuf, IsNeverMisledByBytesThatAreCutShort) {
    const auto whole =
        service(Message{}.message(1, Message{}.varint(3, 80).bytes(2, "TCP")).bytes(3, "10.96.0.1"));
    const auto object = decode_protobuf_object(whole);
    ASSERT_TRUE(object);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto part = decode_protobuf_object(whole.substr(0, size));
        EXPECT_TRUE(!part || *part == *object) << "cut to " << size;
    }
}

TEST(DecodeProtobuf, WatchEventsOfNoKnownTypeOrFormAreRefused) {
    constexpr std::size_t kLengthBytes = 4;
    const auto object = service(Message{});
    EXPECT_TRUE(
        decode_protobuf_watch_event(test::protobuf_watch_frame("ADDED", object).substr(kLengthBytes)));
    EXPECT_FALSE(
        decode_protobuf_watch_event(test::protobuf_watch_frame("EXPLODED", object).substr(kLengthBytes)));
    EXPECT_FALSE(decode_protobuf_watch_event(test::protobuf_watch_frame("ADDED", "{}").substr(kLengthBytes)));
    EXPECT_FALSE(decode_protobuf_watch_event(""));
    EXPECT_FALSE(decode_protobuf_watch_event("\x0a\xff"));
}

TEST(DecodeProtobuf, BodiesOfTheBenchmarkAreEqualInBothEncodings) {
    JsonDecoder decoder;
    std::vector<base::Result<WatchEvent>> json;
    std::vector<base::Result<WatchEvent>> protobuf;
    WatchFrames frames;
    frames.reset(Encoding::kJson);
    ASSERT_TRUE(frames.receive(test::slices_as_json(3, 4).bytes, [&](std::string_view frame) {
        json.push_back(decoder.decode_watch_event(frame));
        return true;
    }));
    frames.reset(Encoding::kProtobuf);
    ASSERT_TRUE(frames.receive(test::slices_as_protobuf(3, 4).bytes, [&](std::string_view frame) {
        protobuf.push_back(decode_protobuf_watch_event(frame));
        return true;
    }));
    ASSERT_THAT(json, SizeIs(4));
    ASSERT_THAT(protobuf, SizeIs(4));
    for (std::size_t i = 0; i < 4; ++i) {
        ASSERT_TRUE(json[i]) << json[i].error().message;
        EXPECT_EQ(*json[i], *protobuf[i]);
    }
}

}  // namespace
}  // namespace fairlead::kube
