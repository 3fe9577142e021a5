#include "kube/packed_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::kube {
namespace {

using testing::ElementsAreArray;
using Names = std::vector<std::string>;

TEST(PackedNames, GivesBackWhatWasPutIn) {
    const std::string longest(253, 'x');
    const Names cases[] = {
        {},
        {"cart-7d4b9c-x7k2p", "cart-7d4b9c-b2xqz", "cart-7d4b9c", "till-1", "cart-7d4b9c-x7k2p"},
        {longest, longest, longest + "y", longest + longest, std::string(600, 'x')},
        {"", "a", "", "ab"},
        {"a", "b"}};
    for (const auto& names : cases) {
        PackedNames packed;
        for (std::size_t i = 0; i < names.size(); ++i)
            packed.set(i, names[i]);
        EXPECT_THAT(packed.all(), ElementsAreArray(names));
    }
}

TEST(PackedNames, LeavesOutWhatHasNoNameAndPassesOverWhatComesTwice) {
    PackedNames packed;
    packed.set(2, "cart-1");
    packed.set(2, "cart-2");
    packed.set(1, "cart-3");
    packed.set(4, std::string_view("cart-4\0rest", 11));
    packed.set(5, "");
    EXPECT_THAT(packed.all(), ElementsAreArray(Names{"", "", "cart-1", "", "cart-4"}));
    PackedNames same;
    same.set(2, "cart-1");
    EXPECT_NE(packed, same);
    same.set(4, "cart-4");
    EXPECT_EQ(packed, same);
}

}  // namespace
}  // namespace fairlead::kube
