#include "cli/dns_usage_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPage =
    R"({"pods":[{"namespace":"shop","pod":"web-1","uid":"u1","queries":80,"lookups":10,"amplification":8.00,)"
    R"("wasted":60,"collapsed":0,"avoided":0,"wouldCollapse":10,"avoidable":60,)"
    R"("wastedNames":[{"name":"www.example.com.","queries":48,"error":0},{"name":"db.","queries":12,"error":1}],)"
    R"("cure":"write the name with a dot at the end, as in www.example.com."},)"
    R"({"namespace":"shop","pod":"idle","uid":"u2","queries":0,"lookups":0,"amplification":0.00,"wasted":0,)"
    R"("collapsed":0,"avoided":0,"wouldCollapse":0,"avoidable":0,"wastedNames":[],"cure":""}]})";

TEST(DnsUsageView, ShowsEachPodWithItsFactorAndTheCures) {
    EXPECT_EQ(
        dns_usage_text(*parse_dns_usage(kPage), false),
        "NAMESPACE   POD     QUERIES   LOOKUPS   FACTOR   WASTED   COLLAPSED   AVOIDED   MOSTLY ON\n"
        "shop        web-1   80        10        8.0      60       0           0         www.example.com.\n"
        "shop        idle    0         0         -        0        0           0         <none>\n"
        "\n"
        "shop/web-1: write the name with a dot at the end, as in www.example.com.\n");
}

TEST(DnsUsageView, WidensToWhatCountingFoundAndToAllNames) {
    const auto text = dns_usage_text(*parse_dns_usage(kPage), true);
    EXPECT_THAT(text, HasSubstr("www.example.com.=48,db.=12"));
    EXPECT_THAT(text, HasSubstr("WOULD COLLAPSE   AVOIDABLE"));
}

TEST(DnsUsageView, GivesJsonThatItReadsBackToTheSame) {
    const auto json = dns_usage_json(*parse_dns_usage(kPage));
    EXPECT_THAT(json, HasSubstr(R"("kind":"DnsUsageList")"));
    EXPECT_THAT(json, HasSubstr(R"("wastedNames":[{"name":"www.example.com.","queries":48})"));
    EXPECT_THAT(json, Not(HasSubstr("\"error\"")));
}

TEST(DnsUsageView, RefusesWhatIsNoSuchPage) {
    for (const auto* page : {"", "{}", "[]", R"({"pods":3})"})
        EXPECT_FALSE(parse_dns_usage(page)) << page;
}

}  // namespace
}  // namespace fairlead::cli
