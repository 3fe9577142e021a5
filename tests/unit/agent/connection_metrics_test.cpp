#include "agent/connection_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/connections_page.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::agent {
namespace {

using base::Family;
using services::ServicePort;
using testing::HasSubstr;
using testing::Not;

ServicePort port(std::string service, std::string name = "http") {
    return {{"shop", std::move(service)}, std::move(name)};
}

std::string row(std::string_view service, std::string_view port_name, int value) {
    return "fairlead_service_connections_total{namespace=\"shop\",service=\"" + std::string(service) +
           "\",port=\"" + std::string(port_name) + "\"} " + std::to_string(value) + "\n";
}

std::string other(int value) {
    return "fairlead_service_connections_total{namespace=\"\",service=\"other\",port=\"\"} " +
           std::to_string(value) + "\n";
}

TEST(ConnectionMetricsTest, AFewServicesHaveRowsOfTheirOwnAndAllOthersShareOneThatNeverCountsDown) {
    admin::Metrics metrics;
    ConnectionMetrics connections{metrics, {2, false, 0}};
    connections.add(port("a"), {1, {}});
    connections.add(port("b"), {2, {}});
    connections.add(port("c"), {4, {}});
    connections.add(port("d"), {8, {}});
    connections.add(port("a", "metrics"), {16, {}});
    connections.add(port("a"), {32, {}});
    for (const auto& wanted : {row("a", "http", 33), row("a", "metrics", 16), row("b", "http", 2), other(12)})
        EXPECT_THAT(metrics.expose(), HasSubstr(wanted));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("service=\"c\"")));

    connections.drop_unless([](const kube::ObjectKey& key) { return key.name != "a"; });
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("service=\"a\"")));
    connections.add(port("c"), {1, {}});
    EXPECT_THAT(metrics.expose(), HasSubstr(row("c", "http", 1))) << "there is room now";
    EXPECT_THAT(metrics.expose(), HasSubstr(other(12))) << "what was counted there stays there";
}

TEST(ConnectionMetricsTest, WhatWasDeniedHasARowForEachReasonThatThereWas) {
    admin::Metrics metrics;
    ConnectionMetrics connections{metrics, {1, false, 0}};
    connections.add(port("a"), {0, {3, 0, 5}});
    connections.add(port("b"), {0, {0, 7, 0}});
    const std::string name = "fairlead_service_denied_connections_total";
    for (const auto& wanted : {name + R"({namespace="shop",service="a",port="http",reason="no_endpoints"} 3)",
                               name + R"({namespace="shop",service="a",port="http",reason="source_range"} 5)",
                               name + R"({namespace="",service="other",port="",reason="policy"} 7)"})
        EXPECT_THAT(metrics.expose(), HasSubstr(wanted + "\n"));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("service=\"a\",port=\"http\",reason=\"policy\"")));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("fairlead_service_connections_total")));
    connections.drop_unless([](const kube::ObjectKey&) { return false; });
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("service=\"a\"")));
}

TEST(ConnectionMetricsTest, EndpointsHaveRowsWhereThatIsAskedForUpToALimit) {
    admin::Metrics metrics;
    ConnectionMetrics connections{metrics, {1, true, 2}};
    const auto backend = [](int number) {
        return services::Backend{base::IpAddress::parse("10.64.0." + std::to_string(number)).value(), 80};
    };
    const auto row = [](int number, int value) {
        return "fairlead_endpoint_connections_total{namespace=\"shop\",service=\"a\",endpoint=\"10.64.0." +
               std::to_string(number) + ":80\"} " + std::to_string(value) + "\n";
    };
    const kube::ObjectKey a{"shop", "a"};
    const kube::ObjectKey b{"shop", "b"};
    connections.add(port("a"), {1, {}});
    connections.add(port("b"), {1, {}});
    for (const int number : {1, 2, 3})
        connections.set_endpoint(a, backend(number), 10);
    connections.set_endpoint(b, backend(1), 10);
    connections.end_endpoints();
    EXPECT_THAT(metrics.expose(), HasSubstr(row(1, 10)));
    EXPECT_THAT(metrics.expose(), HasSubstr(row(2, 10)));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("10.64.0.3"))) << "no room";
    EXPECT_THAT(metrics.expose(),
                Not(HasSubstr("endpoint_connections_total{namespace=\"shop\",service=\"b\"")));

    connections.set_endpoint(a, backend(1), 15);
    connections.end_endpoints();
    connections.set_endpoint(a, backend(1), 4);
    connections.set_endpoint(a, backend(3), 1);
    connections.end_endpoints();
    EXPECT_THAT(metrics.expose(), HasSubstr(row(1, 19))) << "its element began anew";
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("10.64.0.2"))) << "gone";
    EXPECT_THAT(metrics.expose(), HasSubstr(row(3, 1))) << "there is room now";
    connections.set_limits({1, false, 2});
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("fairlead_endpoint_connections_total")));
}

class ConnectionsPage : public testing::Test {
  protected:
    ConnectionsPage() {
        proxy_.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1", "fd00:96::1"}))));
        proxy_.stage(test::change({}, test::shared(test::service("till", {"10.96.0.2"}))));
        note(Family::kIpv4,
             {{"10.96.0.1", "10.64.0.10", 5}, {"10.96.0.1", "10.64.0.9", 2}, {"10.96.0.2", "10.64.0.9", 1}});
        note(Family::kIpv6, {{"fd00:96::1", "fd00:64::1", 3}});
    }
    void note(Family family, const std::vector<std::tuple<std::string, std::string, int>>& counts) {
        totals_.begin_reading(family);
        const services::Frontend till{base::IpAddress::parse("10.96.0.2").value(), base::L4Protocol::kTcp,
                                      80};
        if (family == Family::kIpv4)
            totals_.note(till, services::stand_in(family, services::Denial::kNobody), 4);
        for (const auto& [frontend, backend, count] : counts)
            totals_.note({base::IpAddress::parse(frontend).value(), base::L4Protocol::kTcp, 80},
                         {base::IpAddress::parse(backend).value(), 8080}, static_cast<std::uint64_t>(count));
        totals_.finish_reading(family, proxy_.proxy(family).programmed(),
                               [&](const auto& frontend) { return services::owner_of(proxy_, frontend); });
    }
    base::Result<std::string> page(std::string_view query) {
        return connections_json({true, base::WallTime{std::chrono::milliseconds(1500)}}, totals_, proxy_,
                                query);
    }

    test::FakeNftTables tables_;
    services::ServiceProxy proxy_{{}, tables_};
    services::ConnectionTotals totals_;
};

constexpr std::string_view kCartPort =
    R"({"namespace":"shop","name":"cart","connections":10,"denied":{"noEndpoints":0,"policy":0,"sourceRange":0},)"
    R"("ports":[{"port":"http","connections":10,"denied":{"noEndpoints":0,"policy":0,"sourceRange":0}}],)"
    R"("endpoints":[{"endpoint":"10.64.0.9:8080","connections":2},{"endpoint":"10.64.0.10:8080","connections":5},)"
    R"({"endpoint":"[fd00:64::1]:8080","connections":3}]})";
constexpr std::string_view kTill =
    R"({"namespace":"shop","name":"till","connections":1,"denied":{"noEndpoints":4,"policy":0,"sourceRange":0},)"
    R"("ports":[{"port":"http","connections":1,"denied":{"noEndpoints":4,"policy":0,"sourceRange":0}}],)"
    R"("endpoints":[{"endpoint":"10.64.0.9:8080","connections":1}]})";

TEST_F(ConnectionsPage, HasWhatTheAgentCarriedItself) {
    totals_.add_carried(
        {{port("till"), {{{{base::IpAddress::parse("10.64.0.9").value(), 8080}, 2}}, {1, 0, 0}}}});
    EXPECT_THAT(
        page("namespace=shop&name=till").value(),
        HasSubstr(
            R"("connections":3,"denied":{"noEndpoints":5,"policy":0,"sourceRange":0}}],"endpoints":[{"endpoint":"10.64.0.9:8080","connections":3}])"));
}

TEST_F(ConnectionsPage, HasTheServicesThatAreAskedForWithTheirEndpointsOfBothFamilies) {
    const std::string head = R"({"counting":true,"readAtMilliseconds":1500,"services":[)";
    EXPECT_EQ(page("").value(), head + std::string(kCartPort) + "," + std::string(kTill) + "]}\n");
    EXPECT_EQ(page("namespace=shop&name=till").value(), head + std::string(kTill) + "]}\n");
    EXPECT_EQ(page("namespace=bar").value(), head + "]}\n");
    EXPECT_EQ(page("color=red").error().code, base::ErrorCode::kInvalid);
}

}  // namespace
}  // namespace fairlead::agent
