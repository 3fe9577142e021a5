#include "cli/service_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/pages.h"

namespace fairlead::cli {
namespace {

using testing::ElementsAre;

TEST(ParseServices, RefusesWhatIsNoListOfServices) {
    for (const std::string_view text : {"", "[]", "{}", R"({"services":1})", R"({"services":[1]})"})
        EXPECT_FALSE(parse_services(text)) << text;
}

TEST(ServiceView, SaysTheWorstStateOfAllFrontends) {
    const struct {
        std::vector<std::string> states;
        std::string_view state;
    } cases[] = {
        {{"balanced", "balanced"}, "balanced"}, {{"balanced", "rejected"}, "rejected"},
        {{"pending", "rejected"}, "pending"},   {{"rejected", "pending"}, "pending"},
        {{"dropped", "balanced"}, "dropped"},
    };
    for (const auto& [states, state] : cases) {
        ServiceView service{"shop", "cart", "ClusterIP", {"10.96.0.1"}, {{}}, "{}"};
        for (const auto& each : states)
            service.ports[0].frontends.emplace_back().state = each;
        EXPECT_EQ(state_of(service), state) << testing::PrintToString(states);
    }
    EXPECT_EQ(state_of({"shop", "headless", "ClusterIP", {}, {}, "{}"}), "-");
}

TEST(ServiceView, NamesEachEndpointOnce) {
    auto service = test::service("shop", "cart", {"10.64.0.2:8080", "10.64.0.1:8080"});
    service.ports.push_back(service.ports.front());
    EXPECT_THAT(endpoints_of(service), ElementsAre("10.64.0.1:8080", "10.64.0.2:8080"));
}

TEST(ServiceView, IsAnObjectOrAListWithItsKindAsJson) {
    const auto cart = test::service("shop", "cart", {});
    const auto till = test::service("shop", "till", {});
    EXPECT_EQ(service_json(cart),
              R"({"apiVersion":"fairlead.status/v1alpha1","kind":"Service",)" + cart.json.substr(1));
    EXPECT_EQ(service_list_json({cart, till}),
              R"({"apiVersion":"fairlead.status/v1alpha1","kind":"ServiceList","items":[{"kind":"Service",)" +
                  cart.json.substr(1) + R"(,{"kind":"Service",)" + till.json.substr(1) + "]}");
    EXPECT_EQ(service_list_json({}),
              R"({"apiVersion":"fairlead.status/v1alpha1","kind":"ServiceList","items":[]})");
}

}  // namespace
}  // namespace fairlead::cli
