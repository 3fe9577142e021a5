#include "services/localhost_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

base::IpAddress ip(std::string_view text) {
    return base::IpAddress::parse(text).value();
}

class LocalhostPortWatchTest : public testing::Test {
  protected:
    LocalhostPortWatchTest() {
        options_.node.name = "n1";
        options_.localhost_addresses = {ip("127.0.0.1"), ip("::1")};
    }
    static kube::Service exposed(const std::string& name = "cart", std::uint16_t node_port = 30'080) {
        auto service = test::service(name, {"10.96.0.1"});
        service.ports.at(0).node_port = node_port;
        return service;
    }
    void put(kube::Service service) {
        apply(test::change(std::shared_ptr<const kube::Service>{}, test::shared(std::move(service))));
    }
    void put(kube::EndpointSlice slice) {
        apply(test::change(std::shared_ptr<const kube::EndpointSlice>{}, test::shared(std::move(slice))));
    }
    void apply(const kube::ChangeSet& changes) { watch_.update(catalog_, catalog_.apply(changes), options_); }

    /// "127.0.0.1:30080 shop/cart 10.64.0.1:8080"
    std::vector<std::string> take() {
        std::vector<std::string> texts;
        const auto ports = watch_.take_changed();
        if (!ports) return {"as before"};
        for (const auto& [address, port] : *ports) {
            texts.push_back(address.to_string() + " " + port.owner.service.to_string());
            for (const auto& backend : port.backends)
                texts.back() += " " + base::format_endpoint(backend.address, backend.port);
            if (port.denial == Denial::kPolicy) texts.back() += " policy";
        }
        return texts;
    }

    CompileOptions options_;
    ServiceCatalog catalog_;
    LocalhostPortWatch watch_;
};

TEST_F(LocalhostPortWatchTest, HasTheEndpointsOfTheAddressesFamily) {
    put(exposed());
    put(test::slice("cart", {"10.64.0.1", "10.64.0.2"}, "a"));
    put(test::slice("cart", {"fd00::1"}, "b"));
    EXPECT_THAT(take(), ElementsAre("127.0.0.1:30080 shop/cart 10.64.0.1:8080 10.64.0.2:8080",
                                    "[::1]:30080 shop/cart [fd00::1]:8080"));
    EXPECT_THAT(take(), ElementsAre("as before"));
}

TEST_F(LocalhostPortWatchTest, LeavesOutWhatIsNoTcpNodePort) {
    put(test::service("cart", {"10.96.0.1"}));
    auto udp = exposed("udp");
    udp.ports.at(0).protocol = base::L4Protocol::kUdp;
    put(udp);
    auto foreign = exposed("foreign");
    foreign.service_proxy_name = "somebody";
    put(foreign);
    EXPECT_THAT(take(), ElementsAre("as before"));
}

TEST_F(LocalhostPortWatchTest, StaysOnTheNodeUnderPolicyLocal) {
    auto service = exposed();
    service.external_traffic_policy = kube::TrafficPolicy::kLocal;
    put(service);
    auto slice = test::slice("cart", {"10.64.0.1", "10.64.0.2"}, "a");
    slice.endpoints[1].node_name = 2;
    auto known = test::shared(slice);
    const auto replace = [&] {
        auto next = test::shared(slice);
        apply(test::change(std::exchange(known, next), next));
    };
    apply(test::change(std::shared_ptr<const kube::EndpointSlice>{}, known));
    EXPECT_THAT(take().front(), "127.0.0.1:30080 shop/cart 10.64.0.1:8080");
    slice.endpoints[0].node_name = 2;
    replace();
    EXPECT_THAT(take().front(), "127.0.0.1:30080 shop/cart policy") << "they are elsewhere";
    slice.endpoints.clear();
    replace();
    EXPECT_THAT(take().front(), "127.0.0.1:30080 shop/cart") << "there are none";
}

TEST_F(LocalhostPortWatchTest, NamesThePortOfTheService) {
    auto service = exposed();
    service.ports.push_back({"", base::L4Protocol::kTcp, 81, 30'081, std::uint16_t{0}, ""});
    put(service);
    const auto ports = watch_.take_changed().value();
    EXPECT_EQ(ports.at({ip("127.0.0.1"), 30'080}).owner, (ServicePort{{"shop", "cart"}, "http"}));
    EXPECT_EQ(ports.at({ip("127.0.0.1"), 30'081}).owner, (ServicePort{{"shop", "cart"}, "81"}));
}

TEST_F(LocalhostPortWatchTest, GivesAPortThatTwoClaimToTheFirstByName) {
    put(exposed("cart"));
    put(exposed("basket"));
    EXPECT_THAT(take(), ElementsAre("127.0.0.1:30080 shop/basket", "[::1]:30080 shop/basket"));
}

TEST_F(LocalhostPortWatchTest, EndsWhenNobodyAsksForItAnyMore) {
    put(exposed());
    EXPECT_THAT(take(), SizeIs(2));
    options_.localhost_addresses.clear();
    watch_.update(catalog_, catalog_.all(), options_);
    EXPECT_THAT(take(), IsEmpty());
}

LocalhostPort three(std::uint32_t affinity_timeout_s) {
    return {{{"shop", "cart"}, "http"},
            {{ip("10.0.0.1"), 80}, {ip("10.0.0.2"), 80}, {ip("10.0.0.3"), 80}},
            affinity_timeout_s};
}

TEST(LocalhostBalancer, TriesAllEndpointsEachFirstAtTimes) {
    base::Random random(1);
    LocalhostBalancer balancer(three(0));
    std::set<Backend> first;
    for (int i = 0; i < 50; ++i) {
        const auto order = balancer.order(base::TimePoint{}, random);
        EXPECT_THAT(order, SizeIs(3));
        balancer.note_connected(order.front(), base::TimePoint{});
        first.insert(order.front());
    }
    EXPECT_THAT(first, SizeIs(3));
}

TEST(LocalhostBalancer, KeepsTheEndpointOfAllClientsForTheTimeoutWhileItLives) {
    base::Random random(1);
    LocalhostBalancer balancer(three(10));
    auto now = base::TimePoint{} + 1h;
    const auto kept = balancer.order(now, random).front();
    balancer.note_connected(kept, now);
    for (int i = 0; i < 20; ++i) {
        now += 9s;
        EXPECT_EQ(balancer.order(now, random).front(), kept);
        balancer.note_connected(kept, now);
    }
    auto without = three(10);
    std::erase(without.backends, kept);
    balancer.update(without);
    EXPECT_THAT(balancer.order(now, random), SizeIs(2));
    balancer.update(three(10));
    std::set<Backend> later;
    for (int i = 0; i < 50; ++i)
        later.insert(balancer.order(now + 11s, random).front());
    EXPECT_THAT(later, SizeIs(3)) << "forgotten after the timeout";
}

}  // namespace
}  // namespace fairlead::services
