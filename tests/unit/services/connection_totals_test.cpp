#include "services/connection_totals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "services/connection_counts.h"
#include "services/elements.h"
#include "support/addresses.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using test::address;
using testing::IsEmpty;

const Frontend kCart{address("10.96.0.1"), base::L4Protocol::kTcp, 80};
const Frontend kTill{address("10.96.0.2"), base::L4Protocol::kTcp, 80};
const Backend kOne{address("10.64.0.1"), 8080};
const Backend kTwo{address("10.64.0.2"), 8080};
const ServicePort kCartHttp{{"shop", "cart"}, "http"};

class ConnectionTotalsTest : public testing::Test {
  protected:
    ConnectionTotalsTest() { programmed_.frontends[kCart].backends = {kOne, kTwo}; }

    struct Reading {
        Frontend frontend;
        Backend backend;
        std::uint64_t count = 0;
    };
    /// What is new and was served.
    std::map<ServicePort, std::uint64_t> read(const std::vector<Reading>& readings) {
        std::map<ServicePort, std::uint64_t> served;
        for (const auto& [port, numbers] : read_all(readings))
            if (numbers.served > 0) served[port] = numbers.served;
        return served;
    }
    std::map<ServicePort, ConnectionNumbers> read_all(const std::vector<Reading>& readings) {
        totals_.begin_reading(Family::kIpv4);
        for (const auto& [frontend, backend, count] : readings)
            totals_.note(frontend, backend, count);
        return totals_.finish_reading(Family::kIpv4, programmed_, owner);
    }
    static std::optional<ServicePort> owner(const Frontend& frontend) {
        return frontend == kCart ? std::optional{kCartHttp} : std::nullopt;
    }
    using Endpoints = std::map<std::pair<kube::ObjectKey, Backend>, std::uint64_t>;
    [[nodiscard]] Endpoints endpoints() const {
        Endpoints all;
        totals_.for_each_endpoint(owner, [&](const kube::ObjectKey& service, const Backend& backend,
                                             std::uint64_t count) { all[{service, backend}] += count; });
        return all;
    }
    [[nodiscard]] std::uint64_t total() const {
        const auto found = totals_.totals().find(kCartHttp);
        return found == totals_.totals().end() ? 0 : found->second.served;
    }
    [[nodiscard]] std::vector<kernel::nftables::Element> forgettable(std::size_t limit = 100) const {
        return totals_.forgettable(Family::kIpv4, programmed_, limit);
    }

    ProgrammedTable programmed_;
    ConnectionTotals totals_;
};

TEST_F(ConnectionTotalsTest, AddsUpWhatIsNewAtAllEndpoints) {
    EXPECT_EQ(read({{kCart, kOne, 5}, {kCart, kTwo, 2}}).at(kCartHttp), 7U) << "from before the agent came";
    EXPECT_EQ(read({{kCart, kOne, 6}, {kCart, kTwo, 2}}).at(kCartHttp), 1U);
    EXPECT_THAT(read({{kCart, kOne, 6}, {kCart, kTwo, 2}}), IsEmpty());
    EXPECT_EQ(total(), 8U);
}

TEST_F(ConnectionTotalsTest, WhatReachedNoEndpointIsCountedByItsReasonAndIsNobodysEndpoint) {
    const auto denied = [](Denial denial) { return stand_in(Family::kIpv4, denial); };
    const auto news = read_all({{kCart, kOne, 5},
                                {kCart, denied(Denial::kNobody), 1},
                                {kCart, denied(Denial::kPolicy), 2},
                                {kCart, denied(Denial::kSourceRange), 3}});
    EXPECT_EQ(news.at(kCartHttp), (ConnectionNumbers{5, {1, 2, 3}}));
    read({{kCart, kOne, 5}, {kCart, denied(Denial::kPolicy), 4}});
    EXPECT_EQ(totals_.totals().at(kCartHttp), (ConnectionNumbers{5, {1, 4, 3}}));
    EXPECT_EQ(endpoints(), (Endpoints{{{kCartHttp.service, kOne}, 5}}));
    for (const auto family : {Family::kIpv4, Family::kIpv6})
        for (const auto denial : kDenials)
            EXPECT_EQ(denial_of(stand_in(family, denial)), denial);
    EXPECT_EQ(denial_of({address("0.0.0.0"), 0}), std::nullopt);
    EXPECT_EQ(denial_of({address("0.0.0.0"), 4}), std::nullopt);
    EXPECT_EQ(denial_of({address("10.64.0.1"), 1}), std::nullopt);
}

TEST_F(ConnectionTotalsTest, NothingThatHappensToElementsMakesATotalSmallerOrCountsTwice) {
    read({{kCart, kOne, 10}, {kCart, kTwo, 10}});
    read({{kCart, kTwo, 10}});
    EXPECT_EQ(total(), 20U) << "a reading missed one";
    read({{kCart, kOne, 11}, {kCart, kTwo, 10}});
    EXPECT_EQ(total(), 21U) << "and had it again";
    read({{kCart, kOne, 11}, {kCart, kOne, 12}, {kCart, kTwo, 10}});
    EXPECT_EQ(total(), 22U) << "twice in one reading";
    read({{kCart, kOne, 3}, {kCart, kTwo, 10}});
    EXPECT_EQ(total(), 25U) << "begun anew";
    for (int i = 0; i < 5; ++i)
        read({{kCart, kOne, 3}});
    EXPECT_EQ(total(), 25U) << "gone for good";
    read({{kCart, kOne, 3}, {kCart, kTwo, 12}});
    EXPECT_EQ(total(), 37U) << "back, from zero";
}

TEST_F(ConnectionTotalsTest, WhatIsNobodysIsNotCountedAndForgottenAfterTwoReadings) {
    read({{kTill, kOne, 5}});
    EXPECT_THAT(totals_.totals(), IsEmpty());
    EXPECT_THAT(forgettable(), IsEmpty());
    read({{kTill, kOne, 5}, {kCart, kOne, 1}});
    ASSERT_EQ(forgettable(), (std::vector{alive_element(kTill, kOne)}));
    EXPECT_THAT(forgettable(0), IsEmpty());
    totals_.forget(Family::kIpv4, forgettable());
    EXPECT_THAT(forgettable(), IsEmpty());
}

TEST_F(ConnectionTotalsTest, AFrontendThatIsProgrammedAgainIsNotForgotten) {
    read({{kTill, kOne, 5}});
    programmed_.frontends[kTill].backends = {kOne};
    read({{kTill, kOne, 5}});
    programmed_.frontends.erase(kTill);
    read({{kTill, kOne, 5}});
    EXPECT_THAT(forgettable(), IsEmpty());
}

TEST_F(ConnectionTotalsTest, EndpointsThatAreGoneAreForgottenOnlyWhenRoomIsNeeded) {
    const Backend gone{address("10.64.9.9"), 8080};
    programmed_.frontends[kCart].backends = {kOne};
    read({{kCart, kOne, 1}, {kCart, gone, 4}});
    EXPECT_THAT(forgettable(), IsEmpty());
    std::vector<Reading> many = {{kCart, kOne, 1}, {kCart, gone, 4}};
    programmed_.frontends[kTill].backends.clear();
    for (std::uint32_t i = 0; i <= kLargestConnections / 2; ++i) {
        std::array<std::byte, 4> bytes{};
        std::memcpy(bytes.data(), &i, sizeof i);
        const Backend backend{base::IpAddress{bytes}, 1};
        programmed_.frontends[kTill].backends.push_back(backend);
        many.push_back({kTill, backend, 1});
    }
    read(many);
    EXPECT_EQ(forgettable(), (std::vector{alive_element(kCart, gone)}));
    totals_.forget(Family::kIpv4, forgettable());
    EXPECT_EQ(total(), 5U);
}

TEST_F(ConnectionTotalsTest, DropsServicesThatAreGone) {
    read({{kCart, kOne, 5}});
    totals_.add_carried({{kCartHttp, {{{kTwo, 3}}, {}}}});
    totals_.drop_unless([](const kube::ObjectKey& key) { return key.name == "till"; });
    EXPECT_THAT(totals_.totals(), IsEmpty());
    EXPECT_EQ(endpoints(), (Endpoints{{{kCartHttp.service, kOne}, 5}})) << "while the kernel has them";
}

TEST_F(ConnectionTotalsTest, WhatTheAgentCarriedIsAddedToWhatTheKernelSent) {
    read({{kCart, kOne, 5}});
    const auto news = totals_.add_carried({{kCartHttp, {{{kOne, 1}, {kTwo, 2}}, {4, 0, 0}}}});
    EXPECT_EQ(news, (std::map<ServicePort, ConnectionNumbers>{{kCartHttp, {3, {4, 0, 0}}}}));
    totals_.add_carried({{kCartHttp, {{{kTwo, 10}}, {}}}});
    EXPECT_EQ(totals_.totals().at(kCartHttp), (ConnectionNumbers{18, {4, 0, 0}}));
    EXPECT_EQ(endpoints(), (Endpoints{{{kCartHttp.service, kOne}, 6}, {{kCartHttp.service, kTwo}, 12}}));
    EXPECT_THAT(read({{kCart, kOne, 5}}), IsEmpty()) << "and not counted twice";
}

TEST_F(ConnectionTotalsTest, EndpointsThatTheAgentCarriesNothingToAnyMoreAreForgotten) {
    const ServicePort till{{"shop", "till"}, "http"};
    totals_.add_carried({{kCartHttp, {{{kOne, 1}, {kTwo, 2}}, {}}}, {till, {{{kOne, 7}}, {}}}});
    const LocalhostPort port{kCartHttp, {kTwo}, 0};
    totals_.keep_carried({{{address("127.0.0.1"), 30'080}, port}});
    EXPECT_EQ(endpoints(), (Endpoints{{{kCartHttp.service, kTwo}, 2}}));
    EXPECT_EQ(total(), 3U);
}

TEST(OwnerOf, ToldByTheNumberOfThePortOrTheNodePort) {
    Options options;
    options.compile.node_port_addresses = {address("192.0.2.1")};
    test::FakeNftTables tables;
    ServiceProxy proxy{options, tables};
    auto cart = test::service("cart", {"10.96.0.1"});
    cart.type = kube::ServiceType::kNodePort;
    cart.ports.front().node_port = 30'080;
    auto second = cart.ports.front();
    second.name = "";
    second.port = 30'080;
    second.node_port = 80;
    cart.ports.push_back(second);
    proxy.stage(test::change({}, test::shared(cart)));
    const auto port_of = [&](std::string_view text, std::uint16_t port) {
        const auto owner = owner_of(proxy, {address(text), base::L4Protocol::kTcp, port});
        return owner ? owner->service.to_string() + ":" + owner->port : "nobody's";
    };
    EXPECT_EQ(port_of("10.96.0.1", 80), "shop/cart:http");
    EXPECT_EQ(port_of("10.96.0.1", 30'080), "shop/cart:30080");
    EXPECT_EQ(port_of("192.0.2.1", 30'080), "shop/cart:http");
    EXPECT_EQ(port_of("192.0.2.1", 80), "shop/cart:30080");
    EXPECT_EQ(port_of("10.96.0.7", 80), "nobody's");
}

}  // namespace
}  // namespace fairlead::services
