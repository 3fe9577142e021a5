#include "services/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

kube::Service annotated(kube::Labels annotations) {
    auto service = test::service("cart", {"10.96.0.1"});
    service.annotations = std::move(annotations);
    return service;
}

TEST(Annotations, AskForConsistentBalancing) {
    EXPECT_FALSE(wishes_of(annotated({})).consistent);
    EXPECT_FALSE(wishes_of(annotated({{"fairlead.io/balancing", "random"}})).consistent);
    EXPECT_FALSE(wishes_of(annotated({{"fairlead.io/balancing", "Consistent"}})).consistent);
    EXPECT_TRUE(wishes_of(annotated({{"fairlead.io/balancing", "consistent"}})).consistent);
}

TEST(Annotations, AskForResetConnections) {
    EXPECT_FALSE(wishes_of(annotated({})).resets);
    EXPECT_FALSE(wishes_of(annotated({{"fairlead.io/reset-connections", "never"}})).resets);
    EXPECT_TRUE(wishes_of(annotated({{"fairlead.io/reset-connections", "endpoint-removed"}})).resets);
}

TEST(Annotations, AreNamedWhereTheyAreNotKnown) {
    EXPECT_THAT(annotation_problems(annotated({{"fairlead.io/balancing", "random"}})), IsEmpty());
    EXPECT_THAT(
        annotation_problems(
            annotated({{"fairlead.io/balancing", "maglev"}, {"fairlead.io/balance", "consistent"}})),
        ElementsAre("annotation fairlead.io/balance of Service shop/cart: no such annotation",
                    "annotation fairlead.io/balancing of Service shop/cart: 'maglev' is neither random "
                    "nor consistent"));
}

}  // namespace
}  // namespace fairlead::services
