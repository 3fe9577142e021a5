#include "agent/dns_walk_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::HasSubstr;

TEST(DnsWalkReport, ReadsWhatThePageIsAskedFor) {
    const auto plain = parse_dns_walk_request("name=cart").value();
    EXPECT_EQ(plain.name, "cart");
    EXPECT_EQ(plain.types, (std::vector{dns::RecordType::kA, dns::RecordType::kAaaa}));
    EXPECT_FALSE(plain.pod);
    EXPECT_EQ(plain.libc, dns::Libc::kGlibc);

    const auto full =
        parse_dns_walk_request("name=cart.&type=srv&pod=web-1&namespace=shop&libc=musl").value();
    EXPECT_EQ(full.types, std::vector{dns::RecordType::kSrv});
    EXPECT_EQ(full.pod, (kube::ObjectKey{"shop", "web-1"}));
    EXPECT_EQ(full.libc, dns::Libc::kMusl);
    EXPECT_EQ(parse_dns_walk_request("name=a&pod=web-1")->pod, (kube::ObjectKey{"default", "web-1"}));
}

TEST(DnsWalkReport, RefusesWhatItCannotLookUpAndNamesIt) {
    for (const auto& [query, problem] : std::vector<std::pair<std::string, std::string>>{
             {"", "name is missing"},
             {"name=a&type=XYZ", "'XYZ' is no type of records"},
             {"name=a&pod=A_b", "'default/A_b' is no name of a Pod"},
             {"name=a&pod=b&namespace=-", "'-/b' is no name of a Pod"},
             {"name=a&libc=uclibc", "'uclibc' is none of glibc, musl, go"},
             {"name=a&what=b", "'what=b' is none of"},
         }) {
        const auto request = parse_dns_walk_request(query);
        ASSERT_FALSE(request) << query;
        EXPECT_THAT(request.error().message, HasSubstr(problem));
    }
}

TEST(DnsWalkReport, ShowsTheWalkerAndItsQueriesAsJson) {
    const auto request = parse_dns_walk_request("name=cart&type=A&pod=web-1&namespace=shop").value();
    const auto name = dns::Name::parse("cart.shop.svc.cluster.local").value();
    const auto address = base::IpAddress::parse("10.96.0.80").value();
    DnsWalker walker{.name = "shop/web-1",
                     .source = base::IpAddress::parse("10.64.0.5").value(),
                     .nameservers = {"10.96.0.10"},
                     .settings = {.search = {dns::Name::parse("shop.svc.cluster.local").value()}, .ndots = 5},
                     .remarks = {"odd"}};
    const std::vector<DnsWalkQuery> queries{{.step = 1,
                                             .name = name,
                                             .source = dns::ReplySource::kZone,
                                             .took = std::chrono::microseconds(7),
                                             .answer = {dns::address_record(name, 5, address)}}};
    EXPECT_EQ(
        dns_walk_json(request, walker, queries, dns::WalkEnd::kFound),
        R"({"apiVersion":"fairlead.status/v1alpha1","kind":"DnsWalk","name":"cart","pod":"shop/web-1",)"
        R"("source":"10.64.0.5","libc":"glibc","nameservers":["10.96.0.10"],)"
        R"("search":["shop.svc.cluster.local."],"ndots":5,"remarks":["odd"],)"
        R"("queries":[{"step":1,"name":"cart.shop.svc.cluster.local.","type":"A","answeredBy":"zone",)"
        R"("code":"NOERROR","tcp":false,"microseconds":7,)"
        R"("records":[{"name":"cart.shop.svc.cluster.local.","type":"A","ttl":5,"data":"10.96.0.80"}]}],)"
        R"("result":"found"})"
        "\n");
}

}  // namespace
}  // namespace fairlead::agent
