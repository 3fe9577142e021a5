#include "agent/pod_finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::HasSubstr;

const kube::ObjectKey kPod{"shop", "cart-1"};

TEST(PodAddressesOf, TakesAllAddressesOfAPod) {
    const auto found = pod_addresses_of(
        kPod, 200,
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":"cart-1"},"spec":{"containers":[]},)"
        R"("status":{"phase":"Running","podIP":"10.64.0.1","podIPs":[{"ip":"10.64.0.1"},{"ip":"fd00:64::1"}]}})");
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->back().to_string(), "fd00:64::1");
}

TEST(PodAddressesOf, SaysWhyThereAreNone) {
    struct Case {
        unsigned status;
        std::string body;
        base::ErrorCode code;
        std::string words;
    };
    const std::string refusal = R"({"kind":"Status","code":403,"message":"pods \"cart-1\" is forbidden"})";
    for (
        const auto& [status, body, code, words] : {
            Case{404, "{}", base::ErrorCode::kNotFound, "there is no Pod shop/cart-1"},
            Case{403, refusal, base::ErrorCode::kDenied,
                 "needs the verb get on pods, or give the Pod's address: pods \"cart-1\" is"},
            Case{500, "oops", base::ErrorCode::kUnavailable,
                 "answered 500 to the question for the Pod shop/cart-1"},
            Case{
                200,
                R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":"cart-1"},"spec":{"containers":[]}})",
                base::ErrorCode::kNotFound, "shop/cart-1 has no address yet"},
            Case{200, "oops", base::ErrorCode::kInternal, ""},
        }) {
        const auto found = pod_addresses_of(kPod, status, body);
        ASSERT_FALSE(found) << status;
        EXPECT_EQ(found.error().code, code) << found.error().message;
        EXPECT_THAT(found.error().message, HasSubstr(words));
    }
}

}  // namespace
}  // namespace fairlead::agent
