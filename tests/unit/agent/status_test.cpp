#include "agent/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::agent {
namespace {

using testing::HasSubstr;

class ServicesJsonTest : public testing::Test {
  protected:
    void SetUp() override {
        add("shop", "cart", "10.96.0.1");
        add("shop", "pay", "10.96.0.2");
        add("bank", "pay", "10.96.0.3");
    }
    void add(const std::string& namespace_name, std::string_view name, const std::string& address) {
        auto service = test::service(name, {address});
        service.key.namespace_name = namespace_name;
        proxy_.stage(test::change({}, test::shared(std::move(service))));
    }
    /// The ClusterIPs of the Services on the page, in order.
    std::string addresses(std::string_view query) {
        const auto page = services_json(proxy_, query);
        if (!page) return page.error().message;
        std::string found;
        for (auto at = page->find("\"clusterIPs\":[\""); at != std::string::npos;
             at = page->find("\"clusterIPs\":[\"", at + 1))
            found += page->substr(at + 15, 9) + " ";
        return found;
    }

    test::FakeNftTables tables_;
    services::ServiceProxy proxy_{services::Options{}, tables_};
};

TEST_F(ServicesJsonTest, ListsAllOrThoseOfANamespaceAndAName) {
    EXPECT_EQ(addresses(""), "10.96.0.3 10.96.0.1 10.96.0.2 ");
    EXPECT_EQ(addresses("namespace=shop"), "10.96.0.1 10.96.0.2 ");
    EXPECT_EQ(addresses("name=pay"), "10.96.0.3 10.96.0.2 ");
    EXPECT_EQ(addresses("namespace=shop&name=pay"), "10.96.0.2 ");
    EXPECT_EQ(addresses("name=none"), "");
}

TEST_F(ServicesJsonTest, RefusesQueriesThatItWouldNotFollow) {
    for (const std::string query :
         {"namespace=", "name=a%20b", "names=a", "name", "=", "name=A", "namespace=a b"})
        EXPECT_EQ(addresses(query), "'" + query + "' is neither namespace=NAME nor name=NAME");
    EXPECT_EQ(addresses("name=a&x=1"), "'x=1' is neither namespace=NAME nor name=NAME");
}

TEST_F(ServicesJsonTest, SaysWhatTheKernelHasOfEachFrontend) {
    EXPECT_THAT(services_json(proxy_, "name=cart").value(),
                HasSubstr("\"state\":\"pending\",\"endpoints\":[]"));
    proxy_.stage(test::change({}, test::shared(test::slice("cart", {"10.64.0.1"}))));
    ASSERT_TRUE(proxy_.sync(base::Family::kIpv4, {}));
    EXPECT_THAT(services_json(proxy_, "name=cart").value(),
                HasSubstr("\"state\":\"balanced\",\"endpoints\":[\"10.64.0.1:8080\"]"));
    EXPECT_THAT(services_json(proxy_, "namespace=bank").value(), HasSubstr("\"state\":\"rejected\""));
}

}  // namespace
}  // namespace fairlead::agent
