#include "cli/service_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/pages.h"

namespace fairlead::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

TEST(WhyNoLabel, RefusesWhatKubernetesWouldNotTake) {
    for (const auto& text : {"a", "0", "shop-1", "a--b"})
        EXPECT_EQ(why_no_label(text), "") << text;
    EXPECT_EQ(why_no_label(std::string(63, 'a')), "");
    for (const auto& text : {"", "a b", "=shop", "-a", "a-", "Shop", "a.b", "a/b", "a&name=b", "\xc3\xa9"})
        EXPECT_THAT(why_no_label(text), HasSubstr(text)) << text;
    EXPECT_NE(why_no_label(std::string(64, 'a')), "");
}

TEST(WhyNoResource, NamesWhatThereIs) {
    for (const auto& text : {"services", "service", "svc", "svc/cart"})
        EXPECT_EQ(why_no_resource(text), "") << text;
    EXPECT_THAT(why_no_resource("pods"), HasSubstr("'pods', only services"));
    EXPECT_THAT(why_no_resource("pods/a"), HasSubstr("'pods'"));
}

TEST(ParseNames, TakesBothOfKubectlsForms) {
    EXPECT_THAT(parse_names("svc", Words{}).value(), ElementsAre());
    EXPECT_THAT(parse_names("svc", Words{"b", "a", "b"}).value(), ElementsAre("a", "b"));
    EXPECT_THAT(parse_names("svc/b", Words{}).value(), ElementsAre("b"));
    EXPECT_THAT(parse_names("svc/b", Words{"services/a"}).value(), ElementsAre("a", "b"));
}

TEST(ParseNames, SaysWhatIsWrongWithOthers) {
    const struct {
        std::string resource;
        Words names;
        std::string_view why;
    } cases[] = {
        {"svc", {"svc/a"}, "not both"},         {"svc/a", {"b"}, "not both"},
        {"svc/a", {"pods/b"}, "only services"}, {"svc/", {}, "'' is no Kubernetes name"},
        {"svc", {"a b"}, "'a b' is no"},        {"svc", {"a?x=1"}, "'a?x=1' is no"},
    };
    for (const auto& [resource, names, why] : cases) {
        const auto parsed = parse_names(resource, names);
        ASSERT_FALSE(parsed) << resource;
        EXPECT_THAT(parsed.error().message, HasSubstr(why));
    }
}

TEST(ServiceSelection, AsksTheAgentForAsLittleAsItCan) {
    EXPECT_EQ((ServiceSelection{"", {}}.target()), "/services");
    EXPECT_EQ((ServiceSelection{"shop", {}}.target()), "/services?namespace=shop");
    EXPECT_EQ((ServiceSelection{"shop", {"cart"}}.target()), "/services?name=cart&namespace=shop");
    EXPECT_EQ((ServiceSelection{"shop", {"a", "b"}}.target()), "/services?namespace=shop");
}

TEST(ServiceSelection, TakesOnlyWhatWasAskedForFromAnAgentThatAnswersMore) {
    const ServiceSelection selection{"shop", {"cart"}};
    EXPECT_TRUE(selection.matches(test::service("shop", "cart", {})));
    EXPECT_FALSE(selection.matches(test::service("shop", "till", {})));
    EXPECT_FALSE(selection.matches(test::service("bank", "cart", {})));
    EXPECT_TRUE((ServiceSelection{"", {}}.matches(test::service("bank", "cart", {}))));
}

TEST(ServiceSelection, SaysWhereItLookedForWhatIsMissing) {
    const std::vector<ServiceView> services = {test::service("shop", "cart", {})};
    EXPECT_THAT((ServiceSelection{"shop", {"cart", "till"}}.missing(services)), ElementsAre("till"));
    EXPECT_EQ((ServiceSelection{"shop", {}}.place()), "in namespace shop");
    EXPECT_EQ((ServiceSelection{"", {}}.place()), "in any namespace");
}

}  // namespace
}  // namespace fairlead::cli
