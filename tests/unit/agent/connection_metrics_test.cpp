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
    ConnectionMetrics connections{metrics, 2};
    connections.add(port("a"), 1);
    connections.add(port("b"), 2);
    connections.add(port("c"), 4);
    connections.add(port("d"), 8);
    connections.add(port("a", "metrics"), 16);
    connections.add(port("a"), 32);
    for (const auto& wanted : {row("a", "http", 33), row("a", "metrics", 16), row("b", "http", 2), other(12)})
        EXPECT_THAT(metrics.expose(), HasSubstr(wanted));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("service=\"c\"")));

    connections.drop_unless([](const kube::ObjectKey& key) { return key.name != "a"; });
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("service=\"a\"")));
    connections.add(port("c"), 1);
    EXPECT_THAT(metrics.expose(), HasSubstr(row("c", "http", 1))) << "there is room now";
    EXPECT_THAT(metrics.expose(), HasSubstr(other(12))) << "what was counted there stays there";
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

constexpr std::string_view kCart =
    R"({"namespace":"shop","name":"cart","connections":10,"ports":[{"port":"http","connections":10}],)"
    R"("endpoints":[{"endpoint":"10.64.0.9:8080","connections":2},{"endpoint":"10.64.0.10:8080","connections":5},)"
    R"({"endpoint":"[fd00:64::1]:8080","connections":3}]})";
constexpr std::string_view kTill =
    R"({"namespace":"shop","name":"till","connections":1,"ports":[{"port":"http","connections":1}],)"
    R"("endpoints":[{"endpoint":"10.64.0.9:8080","connections":1}]})";

TEST_F(ConnectionsPage, HasTheServicesThatAreAskedForWithTheirEndpointsOfBothFamilies) {
    const std::string head = R"({"counting":true,"readAtMilliseconds":1500,"services":[)";
    EXPECT_EQ(page("").value(), head + std::string(kCart) + "," + std::string(kTill) + "]}\n");
    EXPECT_EQ(page("namespace=shop&name=till").value(), head + std::string(kTill) + "]}\n");
    EXPECT_EQ(page("namespace=bar").value(), head + "]}\n");
    EXPECT_EQ(page("color=red").error().code, base::ErrorCode::kInvalid);
}

}  // namespace
}  // namespace fairlead::agent
