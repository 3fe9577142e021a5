#include "agent/flow_names_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/addresses.h"
#include "support/conntrack_fixture.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::agent {
namespace {

using test::address;
using testing::HasSubstr;
using testing::Not;

class FlowNamesTest : public testing::Test {
  protected:
    void SetUp() override {
        auto dns = test::service("dns", {"10.96.0.10"});
        dns.type = kube::ServiceType::kNodePort;
        dns.ports = {{"dns", base::L4Protocol::kUdp, 53, 30'053, std::uint16_t{0}, ""},
                     {"http", base::L4Protocol::kTcp, 80, 0, std::uint16_t{0}, ""}};
        put(dns);
        auto slice = test::slice("dns", {"10.64.0.1", "10.64.0.2", "10.64.0.3"});
        slice.ports = {{"dns", base::L4Protocol::kUdp, 5353}, {"http", base::L4Protocol::kTcp, 8080}};
        slice.pods.set(0, "dns-1");
        slice.pods.set(2, "dns-3");
        slice.endpoints[2].ready = slice.endpoints[2].serving = false;
        proxy_.stage(test::change({}, test::shared(std::move(slice))));
        put(test::service("cart", {"10.96.0.20"}));
        auto headless = test::service("db", {});
        headless.headless = true;
        put(headless);
        auto pods = test::slice("db", {"10.64.0.9"});
        pods.pods.set(0, "db-0");
        proxy_.stage(test::change({}, test::shared(std::move(pods))));
    }
    void put(kube::Service service) { proxy_.stage(test::change({}, test::shared(std::move(service)))); }

    static services::Options options() {
        services::Options options;
        options.compile.node_port_addresses = {address("192.0.2.1")};
        return options;
    }

    test::FakeNftTables tables_;
    services::ServiceProxy proxy_{options(), tables_};
};

TEST_F(FlowNamesTest, AreFrontendsAndTheEndpointsThatMayAnswerWithTheirPods) {
    EXPECT_EQ(flow_names_json(proxy_, "name=dns").value(),
              "{\"services\":[\n"
              R"({"namespace":"shop","name":"dns","ports":[)"
              R"({"protocol":"UDP","port":53,"frontends":["10.96.0.10:53","192.0.2.1:30053"],)"
              R"("endpoints":[{"endpoint":"10.64.0.1:5353","pod":"dns-1"},{"endpoint":"10.64.0.2:5353"}]},)"
              R"({"protocol":"TCP","port":80,"frontends":["10.96.0.10:80"],)"
              R"("endpoints":[{"endpoint":"10.64.0.1:8080","pod":"dns-1"},{"endpoint":"10.64.0.2:8080"},)"
              R"({"endpoint":"10.64.0.3:8080","pod":"dns-3"}]}]})"
              "\n]}\n");
    EXPECT_EQ(flow_names_json(proxy_, "name=none").value(), "{\"services\":[\n]}\n");
    EXPECT_THAT(
        flow_names_json(proxy_, "").value(),
        HasSubstr(
            R"("name":"db","ports":[{"protocol":"TCP","port":80,"frontends":[],"endpoints":[{"endpoint":)"
            R"("10.64.0.9:8080","pod":"db-0"}]}])"))
        << "Pods of a headless Service are known by name too";
    EXPECT_THAT(flow_names_json(proxy_, "").value(),
                HasSubstr("]},\n{\"namespace\":\"shop\",\"name\":\"dns\""))
        << "each Service on a line of its own";
    EXPECT_FALSE(flow_names_json(proxy_, "service=dns"));
}

TEST_F(FlowNamesTest, AFrontendThatTwoServicesClaimIsItsOwners) {
    auto thief = test::service("a-thief", {"10.96.0.66"});
    thief.external_ips = {address("10.96.0.20")};
    put(thief);
    const auto page = flow_names_json(proxy_, "").value();
    EXPECT_THAT(
        page,
        HasSubstr(R"("name":"a-thief","ports":[{"protocol":"TCP","port":80,"frontends":["10.96.0.66:80"])"));
    EXPECT_THAT(
        page,
        HasSubstr(R"("name":"cart","ports":[{"protocol":"TCP","port":80,"frontends":["10.96.0.20:80"])"));
}

TEST_F(FlowNamesTest, AreTheSameForTheAgentItself) {
    const auto names = flow_names(services::answering_ports_source(proxy_, [](const auto&) { return true; }));
    const auto flow = test::udp_flow("10.9.0.1:1", "192.0.2.1:30053", "10.64.0.1:5353");
    const auto* frontend = names.frontend_of(flow);
    ASSERT_NE(frontend, nullptr);
    EXPECT_EQ(names.service_name(frontend->service), "shop/dns");
    EXPECT_TRUE(names.answers(frontend->port, {address("10.64.0.2"), 5353}));
    EXPECT_FALSE(names.answers(frontend->port, {address("10.64.0.3"), 5353})) << "it does not serve";
    EXPECT_EQ(names.pod_at(address("10.64.0.1")), "shop/dns-1");
    EXPECT_EQ(names.pod_at(address("10.64.0.9")), "shop/db-0");
    EXPECT_EQ(names.pod_at(address("10.64.0.2")), "");
}

}  // namespace
}  // namespace fairlead::agent
