#include "base/boxed.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::base {
namespace {

TEST(Boxed, is_empty_until_it_gets_a_value) {
    Boxed<std::string> boxed;
    EXPECT_FALSE(boxed);
    EXPECT_EQ(boxed.emplace(), "");
    EXPECT_TRUE(boxed.has_value());
    boxed = std::string("cart");
    EXPECT_EQ(*boxed, "cart");
    boxed.reset();
    EXPECT_FALSE(boxed);
}

TEST(Boxed, copies_the_value_and_not_where_it_lies) {
    const Boxed<std::string> cart(std::string("cart"));
    auto copy = cart;
    EXPECT_EQ(copy, cart);
    copy->push_back('s');
    EXPECT_EQ(*cart, "cart");
    EXPECT_NE(copy, cart);
}

TEST(Boxed, tells_an_empty_value_from_none) {
    EXPECT_EQ(Boxed<std::string>(), Boxed<std::string>());
    EXPECT_NE(Boxed<std::string>(std::string()), Boxed<std::string>());
    EXPECT_NE(Boxed<std::string>(), Boxed<std::string>(std::string()));
}

TEST(Boxed, is_as_large_as_a_pointer) {
    EXPECT_EQ(sizeof(Boxed<std::string>), sizeof(void*));
}

}  // namespace
}  // namespace fairlead::base
