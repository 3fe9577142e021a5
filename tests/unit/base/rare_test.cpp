#include "base/rare.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

namespace fairlead::base {
namespace {

using Text = Rare<std::string>;

TEST(Rare, IsTheDefaultUntilItIsGivenAValue) {
    Text text;
    EXPECT_EQ(*text, "");
    EXPECT_TRUE(text->empty());
    text = std::string_view("rose");
    EXPECT_EQ(*text, "rose");
    text = "";
    EXPECT_EQ(text, Text{});
}

TEST(Rare, ComparesAndCopiesValuesNotPlaces) {
    Text text = "rose";
    Text copy = text;
    EXPECT_EQ(copy, text);
    copy.edit() += "s";
    EXPECT_EQ(*text, "rose");
    EXPECT_FALSE(copy == text);
    copy.edit().clear();
    EXPECT_EQ(copy, Text{}) << "though it takes memory";
}

TEST(Rare, IsChangedInPlace) {
    Rare<std::map<std::string, int>> counts;
    counts.edit()["a"] = 1;
    ++counts.edit()["a"];
    EXPECT_EQ(counts->at("a"), 2);
    EXPECT_EQ(sizeof(counts), sizeof(void*));
}

}  // namespace
}  // namespace fairlead::base
