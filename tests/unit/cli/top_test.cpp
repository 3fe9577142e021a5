#include "cli/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

ConnectionsView view(std::uint64_t at_ms, std::vector<ServiceConnections> services) {
    return {true, at_ms, std::move(services)};
}

ServiceConnections service(std::string name, std::vector<ServiceConnections::Endpoint> endpoints,
                           std::uint64_t denied = 0) {
    std::uint64_t sum = 0;
    for (const auto& endpoint : endpoints)
        sum += endpoint.connections;
    return {"shop", std::move(name), sum, std::move(endpoints), denied};
}

const auto kBefore = view(1'000, {service("cart", {{"10.64.0.1:80", 10}, {"10.64.0.2:80", 10}}, 5),
                                  service("quiet", {{"10.64.0.9:80", 7}})});
const auto kAfter =
    view(3'000, {service("cart", {{"10.64.0.1:80", 12}, {"10.64.0.2:80", 16}}, 9),
                 service("new", {{"10.64.0.3:80", 40}}), service("quiet", {{"10.64.0.9:80", 7}})});

TEST(Top, ShowsTheBusiestFirstWithTheirBusiestEndpoint) {
    EXPECT_EQ(top_table(rates_between(kBefore, kAfter), {}),
              "NAME    NEW/S   TOTAL   DENIED/S   DENIED   BUSIEST        SHARE\n"
              "new     20.0    40      0.0        0        10.64.0.3:80   100%\n"
              "cart    4.0     28      2.0        9        10.64.0.2:80   75%\n"
              "quiet   0.0     7       0.0        0        <none>         -\n");
    EXPECT_EQ(top_table({}, {}), "");
    const auto wide = top_table(rates_between(kBefore, kAfter), {true, true});
    EXPECT_THAT(wide, HasSubstr("NAMESPACE   NAME"));
    EXPECT_THAT(wide, HasSubstr("10.64.0.2:80=3.0,10.64.0.1:80=1.0\n"));
}

TEST(Top, CountsThatBeganAnewAreNotNegative) {
    const auto rates = rates_between(kAfter, view(4'000, {service("cart", {{"10.64.0.1:80", 3}})}));
    ASSERT_EQ(rates.size(), 1U);
    EXPECT_EQ(rates.front().per_second, 3);
}

TEST(Top, IsAnObjectOrAListInJson) {
    const auto rates = rates_between(kBefore, kAfter);
    EXPECT_EQ(
        top_json(rates[1], 2),
        R"({"apiVersion":"fairlead.status/v1alpha1","kind":"ServiceConnections","intervalSeconds":2.000,)"
        R"("namespace":"shop","name":"cart","connectionsPerSecond":4.000,"connections":28,"deniedPerSecond":2.000,"denied":9,"endpoints":[)"
        R"({"endpoint":"10.64.0.2:80","connectionsPerSecond":3.000,"share":0.750},)"
        R"({"endpoint":"10.64.0.1:80","connectionsPerSecond":1.000,"share":0.250}]})");
    EXPECT_THAT(top_list_json(rates, 2),
                HasSubstr(R"("items":[{"kind":"ServiceConnections","namespace":"shop")"));
}

TEST(ParseConnections, TakesThePageAndRefusesAnythingElse) {
    const auto parsed = parse_connections(
        R"({"counting":true,"readAtMilliseconds":1500,"services":[{"namespace":"shop","name":"cart",)"
        R"("connections":5,"denied":{"noEndpoints":1,"policy":2,"sourceRange":4},"ports":[],)"
        R"("endpoints":[{"endpoint":"10.64.0.1:80","connections":5}]}]})");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->find("shop", "cart")->denied, 7U);
    EXPECT_EQ(parsed->read_at_ms, 1'500U);
    ASSERT_NE(parsed->find("shop", "cart"), nullptr);
    EXPECT_EQ(parsed->find("shop", "cart")->endpoints.front().connections, 5U);
    EXPECT_EQ(parsed->find("shop", "till"), nullptr);
    for (const auto* bad : {"", "[]", R"({"counting":1,"readAtMilliseconds":1,"services":[]})",
                            R"({"counting":true,"readAtMilliseconds":1,"services":[{"name":"cart"}]})"})
        EXPECT_FALSE(parse_connections(bad)) << bad;
}

}  // namespace
}  // namespace fairlead::cli
