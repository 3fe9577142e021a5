#include "kube/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ObjectKey kCart{"shop", "cart"};
const ObjectKey kPay{"shop", "pay"};

AnyObject service(const ObjectKey& key, std::string uid = "") {
    Service service;
    service.key = key;
    service.uid = std::move(uid);
    return service;
}

TEST(Listing, TakesTheLastOfAnObjectThatChangedMeanwhile) {
    Listing listing;
    listing.add(service(kCart, "old"));
    listing.add(service(kPay));
    listing.put(service(kCart, "new"));
    EXPECT_THAT(listing.take_objects(), ElementsAre(service(kCart, "new"), service(kPay)));
    EXPECT_THAT(listing.take_objects(), IsEmpty());
}

TEST(Listing, LeavesOutWhatWasDeletedMeanwhile) {
    Listing listing;
    listing.add(service(kCart));
    listing.mark_unreadable(kPay);
    listing.remove(kCart);
    listing.remove(kPay);
    EXPECT_THAT(listing.take_objects(), IsEmpty());
    EXPECT_THAT(listing.take_unreadable(), IsEmpty());
}

TEST(Listing, KeepsTheReadableFormOfAnObjectThatBecameUnreadable) {
    Listing listing;
    listing.add(service(kCart));
    listing.mark_unreadable(kCart);
    listing.mark_unreadable(kPay);
    EXPECT_THAT(listing.take_objects(), ElementsAre(service(kCart)));
    EXPECT_THAT(listing.take_unreadable(), ElementsAre(kPay));
}

TEST(Listing, ForgetsThatAnObjectWasUnreadableOnceItIsMended) {
    Listing listing;
    listing.mark_unreadable(kCart);
    listing.put(service(kCart));
    EXPECT_THAT(listing.take_objects(), ElementsAre(service(kCart)));
    EXPECT_THAT(listing.take_unreadable(), IsEmpty());
}

}  // namespace
}  // namespace fairlead::kube
