#include "services/health_checks.h"

#include <gtest/gtest.h>

#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

class HealthChecksTest : public testing::Test {
  protected:
    static kube::Service balanced() {
        auto service = test::service("cart", {"10.96.0.1"});
        service.type = kube::ServiceType::kLoadBalancer;
        service.external_traffic_policy = kube::TrafficPolicy::kLocal;
        service.health_check_node_port = 31'000;
        return service;
    }
    void put(kube::Service service) {
        const auto after = test::shared(std::move(service));
        checks_.update(catalog_, catalog_.apply(test::change(std::exchange(service_, after), after)), "n1");
    }
    void put(kube::EndpointSlice slice) {
        checks_.update(catalog_, catalog_.apply(test::change({}, test::shared(std::move(slice)))), "n1");
    }

    ServiceCatalog catalog_;
    HealthChecks checks_;
    std::shared_ptr<const kube::Service> service_;
};

TEST_F(HealthChecksTest, CountReadyEndpointsOfThisNodeOnceByFamily) {
    put(balanced());
    auto slice = test::slice("cart", {"10.64.0.1", "10.64.0.2", "10.64.0.3", "10.64.0.4"}, "a");
    slice.endpoints[1].ready = false;
    slice.endpoints[1].serving = slice.endpoints[1].terminating = true;  // KEP-1669: does not count
    slice.endpoints[2].node_name = 2;
    put(slice);
    put(test::slice("cart", {"10.64.0.1"}, "b"));
    put(test::slice("cart", {"fd00::1"}, "c"));
    ASSERT_EQ(checks_.all().size(), 1U);
    const auto& check = checks_.all().begin()->second;
    EXPECT_EQ(check.service.to_string(), "shop/cart");
    EXPECT_EQ(check.port, 31'000);
    EXPECT_EQ(check.local_endpoints_of(base::Family::kIpv4), 2U);
    EXPECT_EQ(check.local_endpoints_of(base::Family::kIpv6), 1U);
}

TEST_F(HealthChecksTest, AreThereOnlyForLoadBalancersThatAskEachNode) {
    put(balanced());
    ASSERT_EQ(checks_.all().size(), 1U);
    auto other = balanced();
    other.external_traffic_policy = kube::TrafficPolicy::kCluster;
    put(other);
    EXPECT_TRUE(checks_.all().empty());
    put(balanced());
    EXPECT_EQ(checks_.all().size(), 1U);
    other = balanced();
    other.service_proxy_name = "somebody";
    put(other);
    EXPECT_TRUE(checks_.all().empty());
}

}  // namespace
}  // namespace fairlead::services
