#include "kube/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/kube_fixture.h"

namespace fairlead::kube {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(Store, CoalescesChangesPerKey) {
    Store<Service> store;
    store.put(test::service("a", {"10.96.0.1"}));
    store.put(test::service("a", {"10.96.0.2"}));
    auto changes = store.take_changes();
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].before, nullptr);
    EXPECT_EQ(changes[0].after->cluster_ips.at(0).to_string(), "10.96.0.2");

    store.put(test::service("a", {"10.96.0.3"}));
    store.remove({"shop", "a"});
    changes = store.take_changes();
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].before->cluster_ips.at(0).to_string(), "10.96.0.2");
    EXPECT_EQ(changes[0].after, nullptr);
    EXPECT_THAT(store.take_changes(), IsEmpty());
}

TEST(Store, WhatEndsAsItWasIsNoChange) {
    Store<Service> store;
    store.put(test::service("new", {}));
    store.remove({"shop", "new"});
    store.remove({"shop", "never"});
    EXPECT_THAT(store.take_changes(), IsEmpty());
    store.put(test::service("a", {"10.96.0.1"}));
    ASSERT_THAT(store.take_changes(), SizeIs(1));
    store.put(test::service("a", {"10.96.0.2"}));
    store.put(test::service("a", {"10.96.0.1"}));
    EXPECT_THAT(store.take_changes(), IsEmpty());
}

TEST(Store, ReplaceAllRemovesWhatIsNotInTheNewList) {
    Store<Service> store;
    store.put(test::service("a", {}));
    store.put(test::service("b", {}));
    ASSERT_THAT(store.take_changes(), SizeIs(2));
    store.replace_all(test::shared_each<Service>({test::service("b", {}), test::service("c", {})}));
    EXPECT_THAT(store.take_changes(), SizeIs(2));
    EXPECT_EQ(store.find({"shop", "a"}), nullptr);
    EXPECT_NE(store.find({"shop", "c"}), nullptr);
}

TEST(Store, KeepsThePointerThatItHoldsWhereAnEqualObjectComes) {
    Store<Service> store;
    const auto first = test::shared(test::service("a", {}));
    const auto equal = test::shared(test::service("a", {}));
    EXPECT_EQ(store.put(first), first);
    EXPECT_EQ(store.put(equal), first);
    EXPECT_EQ(store.find({"shop", "a"}), first);
}

}  // namespace
}  // namespace fairlead::kube
