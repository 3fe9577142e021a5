#include "cli/dns_walk_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kWalkPage =
    R"({"apiVersion":"fairlead.status/v1alpha1","kind":"DnsWalk","name":"www.example.com","pod":"shop/web-1",)"
    R"("source":"10.64.0.5","libc":"glibc","nameservers":["10.96.0.10"],)"
    R"("search":["shop.svc.cluster.local.","svc.cluster.local."],"ndots":5,"remarks":["something is odd"],)"
    R"("queries":[{"step":1,"name":"www.example.com.shop.svc.cluster.local.","type":"A","answeredBy":"zone",)"
    R"("code":"NXDOMAIN","tcp":false,"microseconds":12,"records":[]},)"
    R"({"step":2,"name":"www.example.com.","type":"A","answeredBy":"upstream","code":"NOERROR","tcp":true,)"
    R"("microseconds":20500,"records":[{"name":"www.example.com.","type":"CNAME","ttl":60,"data":"a.example."},)"
    R"({"name":"a.example.","type":"A","ttl":7,"data":"192.0.2.1"}]}],"result":"found"})";

TEST(DnsWalkView, ShowsEachQueryAndWhoAnsweredIt) {
    const auto view = dns_walk_view(kWalkPage).value();
    EXPECT_TRUE(view.found);
    EXPECT_EQ(view.text,
              "www.example.com as Pod shop/web-1 (10.64.0.5) with glibc, ndots 5\n"
              "search shop.svc.cluster.local. svc.cluster.local.\n"
              "! something is odd\n"
              "\n"
              "STEP   NAME                                      TYPE   ANSWERED BY      CODE       TTL   "
              "TIME       RECORDS\n"
              "1      www.example.com.shop.svc.cluster.local.   A      zone             NXDOMAIN   -     "
              "0.01 ms    -\n"
              "2      www.example.com.                          A      upstream (TCP)   NOERROR    7     "
              "20.50 ms   "
              "CNAME a.example., A 192.0.2.1\n"
              "\n"
              "found, after 2 queries\n");
}

TEST(DnsWalkView, SaysWhatTheNodeDoesNotFind) {
    const auto view = dns_walk_view(R"({"kind":"DnsWalk","name":"db","pod":"","libc":"musl","ndots":1,)"
                                    R"("queries":[{"step":1}],"result":"no such name"})")
                          .value();
    EXPECT_FALSE(view.found);
    EXPECT_THAT(view.text, StartsWith("db as this node with musl, ndots 1\n\n"));
    EXPECT_THAT(view.text, HasSubstr("no such name, after 1 query\n"));
}

TEST(DnsWalkView, RefusesWhatIsNoSuchPage) {
    for (const auto* page : {"", "{}", "[]", R"({"kind":"Trace"})"})
        EXPECT_FALSE(dns_walk_view(page)) << page;
}

TEST(DnsWalkView, AsksForThePageWithWhatWasGiven) {
    EXPECT_EQ(dns_walk_target({"www.example.com", {}, {}, {}, {}}).value(),
              "/dns-query?name=www.example.com");
    EXPECT_EQ(dns_walk_target({"_a._tcp.b", "web-1", "shop", "SRV", "musl"}).value(),
              "/dns-query?name=_a._tcp.b&pod=web-1&namespace=shop&type=SRV&libc=musl");
    EXPECT_FALSE(dns_walk_target({"a&b", {}, {}, {}, {}}));
    EXPECT_FALSE(dns_walk_target({"a", "p 1", {}, {}, {}}));
}

}  // namespace
}  // namespace fairlead::cli
