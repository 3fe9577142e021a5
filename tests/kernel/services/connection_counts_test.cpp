#include "services/connection_counts.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "kernel/nftables/netlink_nft_tables.h"
#include "services/elements.h"
#include "services/layout.h"
#include "services/service_proxy.h"
#include "support/command.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using kernel::nftables::Counts;
using kernel::nftables::Element;
using kernel::nftables::NetlinkNftTables;
using test::output_of;
using testing::HasSubstr;
using testing::Not;

Options options(bool counting) {
    Options options;
    options.compile.node.name = "n1";
    options.count_connections = counting;
    return options;
}

/// A TCP socket of one family.
class TcpSocket {
  public:
    explicit TcpSocket(Family family)
        : family_(family),
          descriptor_(socket(family == Family::kIpv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    TcpSocket(const TcpSocket&) = delete;
    TcpSocket& operator=(const TcpSocket&) = delete;
    ~TcpSocket() { close(descriptor_); }

    void listen_at(const std::string& address, std::uint16_t port) const {
        constexpr int kManyWaiting = 4096;
        const int on = 1;
        setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const auto [storage, size] = socket_address(address, port);
        ASSERT_EQ(bind(descriptor_, reinterpret_cast<const sockaddr*>(&storage), size), 0) << address;
        ASSERT_EQ(listen(descriptor_, kManyWaiting), 0);
    }
    [[nodiscard]] bool connects_to(const std::string& address, std::uint16_t port) const {
        const auto [storage, size] = socket_address(address, port);
        return connect(descriptor_, reinterpret_cast<const sockaddr*>(&storage), size) == 0;
    }
    [[nodiscard]] bool sends(std::string_view text) const {
        return send(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    }

  private:
    [[nodiscard]] std::pair<sockaddr_storage, socklen_t> socket_address(const std::string& address,
                                                                        std::uint16_t port) const {
        sockaddr_storage storage{};
        if (family_ == Family::kIpv4) {
            auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage);
            ipv4.sin_family = AF_INET;
            ipv4.sin_port = htons(port);
            inet_pton(AF_INET, address.c_str(), &ipv4.sin_addr);
            return {storage, sizeof ipv4};
        }
        auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(port);
        inet_pton(AF_INET6, address.c_str(), &ipv6.sin6_addr);
        return {storage, sizeof ipv6};
    }

    Family family_;
    int descriptor_;
};

/// Service "cart" of three endpoints that take connections.
class ConnectionCounts : public testing::TestWithParam<Family> {
  protected:
    void SetUp() override {
        output_of("ip addr replace " + service_ + (ipv4() ? "/32" : "/128 nodad") + " dev lo");
        for (const auto& endpoint : endpoints_) {
            output_of("ip addr replace " + endpoint + (ipv4() ? "/32" : "/128 nodad") + " dev lo");
            listeners_.push_back(std::make_unique<TcpSocket>(GetParam()));
            listeners_.back()->listen_at(endpoint, 8080);
        }
    }
    void TearDown() override { output_of("nft flush ruleset"); }

    void stage(ServiceProxy& proxy, std::uint32_t affinity_timeout_s = 0) {
        auto cart = test::service("cart", {service_});
        cart.affinity_timeout_s = affinity_timeout_s;
        proxy.stage(test::change({}, test::shared(cart)));
        proxy.stage(test::change({}, test::shared(test::slice("cart", endpoints_))));
        sync(proxy);
    }
    static SyncReport sync(ServiceProxy& proxy) {
        const auto report = proxy.sync(GetParam(), {});
        EXPECT_TRUE(report) << report.error().message;
        return report.value_or(SyncReport{});
    }

    void connect_times(int count) {
        for (int i = 0; i < count; ++i)
            EXPECT_TRUE(TcpSocket{GetParam()}.connects_to(service_, 80)) << "connection " << i;
    }

    /// By endpoint; every frontend must be that of the Service.
    std::map<std::string, std::uint64_t> counts() {
        std::map<std::string, std::uint64_t> found;
        const auto read = tables_.read_counts(
            GetParam(), kTableName, kConnections, [&] { found.clear(); },
            [&](const Element& element, Counts counts) {
                const auto pair = alive_endpoint_of(element.key, GetParam());
                ASSERT_TRUE(pair);
                EXPECT_EQ(pair->first, frontend());
                const auto denial = denial_of(pair->second);
                found[denial ? stand_in_text(*denial) : pair->second.address.to_string()] = counts.packets;
            });
        EXPECT_TRUE(read) << read.error().message;
        return found;
    }
    static std::string stand_in_text(Denial denial) {
        return "denied " + std::to_string(static_cast<int>(denial));
    }
    std::uint64_t total() {
        std::uint64_t sum = 0;
        for (const auto& [endpoint, count] : counts())
            sum += count;
        return sum;
    }
    std::string listing() { return output_of("nft list table " + table()); }

    static bool ipv4() { return GetParam() == Family::kIpv4; }
    static std::string table() { return ipv4() ? "ip fairlead" : "ip6 fairlead"; }
    [[nodiscard]] Frontend frontend() const {
        return {base::IpAddress::parse(service_).value(), base::L4Protocol::kTcp, 80};
    }

    const std::string service_ = ipv4() ? "10.96.0.1" : "fd00:96::1";
    const std::vector<std::string> endpoints_ =
        ipv4() ? std::vector<std::string>{"10.64.0.1", "10.64.0.2", "10.64.0.3"}
               : std::vector<std::string>{"fd00:64::1", "fd00:64::2", "fd00:64::3"};
    std::vector<std::unique_ptr<TcpSocket>> listeners_;
    NetlinkNftTables tables_ = *NetlinkNftTables::open();
};

TEST_P(ConnectionCounts, EveryConnectionIsCountedOnceAtTheEndpointThatTookIt) {
    ServiceProxy proxy{options(true), tables_};
    stage(proxy);
    connect_times(120);
    EXPECT_EQ(counts().size(), 3U);
    EXPECT_EQ(total(), 120U);
}

TEST_P(ConnectionCounts, ConnectionsOfClientsThatKeepTheirEndpointAreCountedToo) {
    ServiceProxy proxy{options(true), tables_};
    stage(proxy, 10'800);
    connect_times(50);
    EXPECT_EQ(counts().size(), 1U);
    EXPECT_EQ(total(), 50U);
}

TEST_P(ConnectionCounts, PacketsOfEstablishedConnectionsAreNotCounted) {
    ServiceProxy proxy{options(true), tables_};
    stage(proxy);
    const TcpSocket client{GetParam()};
    ASSERT_TRUE(client.connects_to(service_, 80));
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(client.sends("hello"));
    EXPECT_EQ(total(), 1U);
}

TEST_P(ConnectionCounts, WhatIsRefusedIsCountedByItsReason) {
    ServiceProxy proxy{options(true), tables_};
    proxy.stage(test::change({}, test::shared(test::service("cart", {service_}))));
    sync(proxy);
    const auto count_of = [&](Denial denial) { return counts()[stand_in_text(denial)]; };
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(TcpSocket{GetParam()}.connects_to(service_, 80));
    EXPECT_EQ(count_of(Denial::kNobody), 3U);
    EXPECT_EQ(total(), 3U) << "by one reason";
    proxy.stage(test::change({}, test::shared(test::slice("cart", endpoints_))));
    sync(proxy);
    connect_times(4);
    EXPECT_EQ(total(), 7U);
    EXPECT_EQ(count_of(Denial::kNobody), 3U);
}

TEST_P(ConnectionCounts, TheTableReadsWellInStockNft) {
    ServiceProxy proxy{options(true), tables_};
    auto cart = test::service("cart", {service_});
    proxy.stage(test::change({}, test::shared(cart)));
    proxy.stage(test::change({}, test::shared(test::slice("cart", {endpoints_.front()}))));
    sync(proxy);
    connect_times(3);
    const std::string golden_path =
        std::string(FAIRLEAD_TEST_DATA) + "/golden/" + (ipv4() ? "ip" : "ip6") + "-counting.nft";
    if (std::getenv("FAIRLEAD_WRITE_GOLDEN") != nullptr) std::ofstream(golden_path) << listing();
    std::ifstream golden(golden_path);
    const std::string wanted{std::istreambuf_iterator<char>(golden), {}};
    EXPECT_EQ(listing(), wanted) << "compare with " << golden_path;
}

TEST_P(ConnectionCounts, SwitchingAddsAndRemovesWhatCountsAndTouchesNothingElse) {
    ServiceProxy proxy{options(false), tables_};
    stage(proxy, 10'800);
    connect_times(1);
    const auto without = output_of("nft -s list table " + table());
    for (int round = 0; round < 2; ++round) {
        proxy.configure(options(true));
        auto report = sync(proxy);
        EXPECT_EQ(report.transactions, 1U);
        EXPECT_EQ(report.elements_added + report.elements_deleted, 0U);
        EXPECT_FALSE(report.table_replaced);
        connect_times(5);
        EXPECT_EQ(total(), 5U) << "counting starts with the switch";
        proxy.configure(options(false));
        EXPECT_EQ(sync(proxy).transactions, 1U);
        EXPECT_EQ(output_of("nft -s list table " + table()), without) << "what clients keep included";
    }
}

TEST_P(ConnectionCounts, ARestartKeepsCountsUnlessItIsToldToStopCounting) {
    ServiceProxy first{options(true), tables_};
    stage(first);
    connect_times(20);
    ServiceProxy second{options(true), tables_};
    stage(second);
    EXPECT_FALSE(sync(second).table_replaced);
    connect_times(10);
    EXPECT_EQ(total(), 30U);
    ServiceProxy third{options(false), tables_};
    stage(third);
    EXPECT_THAT(listing(), Not(HasSubstr("set connections")));
    EXPECT_THAT(listing(), HasSubstr(endpoints_.front()));
}

TEST_P(ConnectionCounts, AFullSetCostsNoConnection) {
    ServiceProxy proxy{options(true), tables_};
    stage(proxy);
    const Backend nobody{base::IpAddress::parse(ipv4() ? "192.0.2.1" : "2001:db8::1").value(), 1};
    std::vector<Element> elements;
    for (std::uint32_t number = 0; number < kLargestConnections; ++number) {
        auto frontend = this->frontend();
        frontend.port = static_cast<std::uint16_t>(number);
        elements.push_back(
            alive_element(frontend, {nobody.address, static_cast<std::uint16_t>(number >> 16U)}));
    }
    kernel::nftables::Transaction fill{layout(GetParam()).table};
    fill.add(kernel::nftables::AddElements{std::string(kConnections), elements});
    const auto filled = tables_.commit(fill);
    ASSERT_TRUE(filled) << filled.error().message;
    kernel::nftables::Transaction one_more{layout(GetParam()).table};
    one_more.add_element(kConnections, alive_element(frontend(), nobody));
    EXPECT_FALSE(tables_.commit(one_more)) << "full";
    connect_times(30);
    elements.resize(16);
    const auto forgotten = proxy.forget_connections(GetParam(), std::move(elements));
    EXPECT_TRUE(forgotten) << forgotten.error().message;
    connect_times(30);
}

INSTANTIATE_TEST_SUITE_P(Families, ConnectionCounts, testing::Values(Family::kIpv4, Family::kIpv6),
                         [](const auto& test) { return std::string(base::name_of(test.param)); });

}  // namespace
}  // namespace fairlead::services
