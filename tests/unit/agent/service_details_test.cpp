#include "agent/service_details.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

class ServiceDetailsTest : public testing::Test {
  protected:
    void add(kube::Service service) { proxy_.stage(test::change({}, test::shared(std::move(service)))); }
    void sync() {
        for (const auto family : {base::Family::kIpv4, base::Family::kIpv6})
            ASSERT_TRUE(proxy_.sync(family, {}));
    }
    std::string page(std::string_view query) {
        const auto page = service_details_json(proxy_, tables_, query);
        return page ? *page : page.error().message;
    }

    test::FakeNftTables tables_;
    services::ServiceProxy proxy_{services::Options{}, tables_};
};

TEST_F(ServiceDetailsTest, HaveReasonsAndKernelElementsOfEachFrontend) {
    add(test::service("cart", {"10.96.0.1"}));
    auto slice = test::slice("cart", {"10.64.1.2", "10.64.1.3"});
    slice.endpoints[1].ready = false;
    slice.endpoints[1].serving = false;
    proxy_.stage(test::change({}, test::shared(std::move(slice))));
    EXPECT_THAT(page("namespace=shop&name=cart"), HasSubstr(R"("state":"pending","written":false)"));
    sync();
    const auto text = page("namespace=shop&name=cart");
    EXPECT_THAT(
        text,
        HasSubstr(
            R"("state":"balanced","written":true,"owner":"shop/cart",)"
            R"("endpointCount":2,"reasons":[{"endpoint":"10.64.1.2:8080","used":true,"why":"is ready"},)"
            R"({"endpoint":"10.64.1.3:8080","used":false,"why":"is not ready"}],)"
            R"("elements":[{"set":"frontends","element":"10.96.0.1 . tcp . 80 : )"));
    EXPECT_THAT(text,
                HasSubstr(R"({"endpoint":"10.64.1.3:8080","node":"n1","zone":"","condition":"not ready",)"));
    tables_.flush_ruleset();
    EXPECT_THAT(page("namespace=shop&name=cart"), HasSubstr("No such file")) << "no table to look in";
}

TEST_F(ServiceDetailsTest, SayWhoHasAFrontendAndWhichAddressesWereRefused) {
    auto thief = test::service("a-thief", {"10.96.0.2"});
    thief.external_ips = {base::IpAddress::parse("10.96.0.1").value(),
                          base::IpAddress::parse("127.0.0.1").value()};
    add(test::service("cart", {"10.96.0.1"}));
    add(std::move(thief));
    sync();
    EXPECT_THAT(
        page("namespace=shop&name=a-thief"),
        AllOf(HasSubstr(
                  R"("kind":"ExternalIP","address":"10.96.0.1","port":80,"state":"rejected","written":true,)"
                  R"("owner":"shop/cart")"),
              HasSubstr(R"("loser":"shop/a-thief")"), HasSubstr(R"("address":"127.0.0.1")")));
    add(test::service("other", {"10.96.0.3"}));
    EXPECT_THAT(page("namespace=shop&name=other"), Not(HasSubstr("a-thief"))) << "none of its business";
}

TEST_F(ServiceDetailsTest, SayWhyNothingIsServed) {
    auto headless = test::service("db", {});
    headless.headless = true;
    add(std::move(headless));
    auto others = test::service("mesh", {"10.96.0.9"});
    others.service_proxy_name = "mesh";
    add(std::move(others));
    EXPECT_THAT(page("namespace=shop&name=db"), HasSubstr("headless"));
    EXPECT_THAT(page("namespace=shop&name=mesh"), HasSubstr("left to mesh"));
}

TEST_F(ServiceDetailsTest, AreOfOneServiceThatThereIs) {
    EXPECT_EQ(page("namespace=shop&name=none"), "there is no Service shop/none");
    EXPECT_EQ(page("name=none"), "namespace and name are needed");
    EXPECT_THAT(page("name=none&x=1"), HasSubstr("'x=1' is none of namespace, name"));
}

}  // namespace
}  // namespace fairlead::agent
