#include "services/invalid_guard.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/nftables/netlink_nft_tables.h"
#include "kernel/nftables/rule_counts.h"
#include "services/layout.h"
#include "services/service_proxy.h"
#include "support/command.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using kernel::nftables::NetlinkNftTables;
using test::output_of;

Options options(InvalidGuard guard) {
    Options options;
    options.compile.node.name = "n1";
    options.guard = guard;
    return options;
}

/// Service "cart" with an endpoint on this host, and packets that conntrack cannot place.
class InvalidGuardTest : public testing::TestWithParam<Family> {
  protected:
    void SetUp() override {
        for (const auto& address : {endpoint_, client_})
            output_of("ip addr replace " + address + (ipv4() ? "/32" : "/128 nodad") + " dev lo");
    }
    void TearDown() override { output_of("nft flush ruleset"); }

    void stage(ServiceProxy& proxy) {
        proxy.stage(test::change({}, test::shared(test::service("cart", {service_}))));
        proxy.stage(test::change({}, test::shared(test::slice("cart", {endpoint_}))));
    }
    static SyncReport sync(ServiceProxy& proxy) {
        const auto report = proxy.sync(GetParam(), {});
        EXPECT_TRUE(report) << report.error().message;
        return report.value_or(SyncReport{});
    }

    /// A reset of a connection that is none: INVALID.
    void send_reset(const std::string& source, std::uint16_t port) const {
        const int family = ipv4() ? AF_INET : AF_INET6;
        const int raw = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
        const auto [from, size] = socket_address(source);
        ASSERT_EQ(bind(raw, reinterpret_cast<const sockaddr*>(&from), size), 0) << source;
        tcphdr header{};
        header.source = htons(port);
        header.dest = htons(4711);
        header.doff = sizeof header / 4;
        header.rst = 1;
        const auto [to, to_size] = socket_address(client_);
        // A packet that is dropped on its way out is an error for who sent it (EPERM).
        (void)sendto(raw, &header, sizeof header, 0, reinterpret_cast<const sockaddr*>(&to), to_size);
        close(raw);
    }

    /// What the chain at hook output has dropped; nullopt: no rule is there.
    std::optional<std::uint64_t> dropped() {
        const auto counts = counts_.of_chain(GetParam(), kTableName, kGuardOutput);
        EXPECT_TRUE(counts) << counts.error().message;
        if (!counts || !*counts) return std::nullopt;
        return (*counts)->packets;
    }

    static bool ipv4() { return GetParam() == Family::kIpv4; }
    static std::string table() { return ipv4() ? "ip fairlead" : "ip6 fairlead"; }

    const std::string service_ = ipv4() ? "10.96.0.1" : "fd00:96::1";
    const std::string endpoint_ = ipv4() ? "10.64.0.1" : "fd00:64::1";
    const std::string client_ = ipv4() ? "10.64.0.9" : "fd00:64::9";
    NetlinkNftTables tables_ = *NetlinkNftTables::open();
    kernel::nftables::RuleCounts counts_ = *kernel::nftables::RuleCounts::open();

  private:
    static std::pair<sockaddr_storage, socklen_t> socket_address(const std::string& address) {
        sockaddr_storage storage{};
        if (ipv4()) {
            auto& to = reinterpret_cast<sockaddr_in&>(storage);
            to.sin_family = AF_INET;
            inet_pton(AF_INET, address.c_str(), &to.sin_addr);
            return {storage, sizeof to};
        }
        auto& to = reinterpret_cast<sockaddr_in6&>(storage);
        to.sin6_family = AF_INET6;
        inet_pton(AF_INET6, address.c_str(), &to.sin6_addr);
        return {storage, sizeof to};
    }
};

TEST_P(InvalidGuardTest, DropsAndCountsWhatComesFromAnEndpointAndNothingElse) {
    ServiceProxy proxy{options(InvalidGuard::kEndpoints), tables_};
    stage(proxy);
    sync(proxy);
    send_reset(endpoint_, 8080);
    EXPECT_EQ(dropped(), 1U);
    send_reset(endpoint_, 8081);
    send_reset(client_, 8080);
    EXPECT_EQ(dropped(), 1U) << "another port, another host";
}

TEST_P(InvalidGuardTest, DropsEverybodysWhereItIsToldTo) {
    ServiceProxy proxy{options(InvalidGuard::kAll), tables_};
    stage(proxy);
    sync(proxy);
    send_reset(endpoint_, 8080);
    send_reset(client_, 8080);
    EXPECT_EQ(dropped(), 2U);
}

TEST_P(InvalidGuardTest, FollowsEndpoints) {
    ServiceProxy proxy{options(InvalidGuard::kEndpoints), tables_};
    stage(proxy);
    sync(proxy);
    const auto slice = test::shared(test::slice("cart", {endpoint_}));
    auto terminating = test::slice("cart", {endpoint_});
    terminating.endpoints[0].ready = terminating.endpoints[0].serving = false;
    terminating.endpoints[0].terminating = true;
    proxy.stage(test::change(slice, test::shared(terminating)));
    sync(proxy);
    send_reset(endpoint_, 8080);
    EXPECT_EQ(dropped(), 1U) << "its connections live";
    proxy.stage(test::change(test::shared(terminating), std::shared_ptr<const kube::EndpointSlice>{}));
    sync(proxy);
    send_reset(endpoint_, 8080);
    EXPECT_EQ(dropped(), 1U) << "it is no endpoint any more";
}

TEST_P(InvalidGuardTest, SwitchingChangesItsRulesAndNothingElse) {
    ServiceProxy proxy{options(InvalidGuard::kEndpoints), tables_};
    stage(proxy);
    sync(proxy);
    const auto before = output_of("nft -s list table " + table());
    for (const auto guard : {InvalidGuard::kAll, InvalidGuard::kNone, InvalidGuard::kEndpoints}) {
        proxy.configure(options(guard));
        const auto report = sync(proxy);
        EXPECT_EQ(report.transactions, 1U);
        EXPECT_EQ(report.elements_added + report.elements_deleted, 0U);
        EXPECT_FALSE(report.table_replaced);
        send_reset(endpoint_, 8080);
        EXPECT_EQ(dropped(), guard == InvalidGuard::kNone ? std::nullopt : std::optional<std::uint64_t>{1});
    }
    EXPECT_EQ(output_of("nft -s list table " + table()), before);
}

TEST_P(InvalidGuardTest, ARestartKeepsTheCountsUnlessTheGuardIsAnother) {
    ServiceProxy first{options(InvalidGuard::kEndpoints), tables_};
    stage(first);
    sync(first);
    send_reset(endpoint_, 8080);
    ServiceProxy second{options(InvalidGuard::kEndpoints), tables_};
    stage(second);
    EXPECT_EQ(sync(second).transactions, 0U);
    EXPECT_EQ(dropped(), 1U);
    ServiceProxy third{options(InvalidGuard::kAll), tables_};
    stage(third);
    const auto report = sync(third);
    EXPECT_EQ(report.transactions, 1U);
    EXPECT_FALSE(report.table_replaced);
    EXPECT_EQ(dropped(), 0U);
}

TEST_P(InvalidGuardTest, ATableOfAnotherLayoutGetsEveryEndpointAfterItWasReplaced) {
    output_of("nft add table " + table());
    auto wanted = options(InvalidGuard::kEndpoints);
    wanted.transaction_elements = 2;
    ServiceProxy proxy{wanted, tables_};
    std::vector<std::string> endpoints;
    for (int i = 1; i <= 5; ++i)
        endpoints.push_back((ipv4() ? "10.64.1." : "fd00:64::1:") + std::to_string(i));
    proxy.stage(test::change({}, test::shared(test::service("cart", {service_}))));
    proxy.stage(test::change({}, test::shared(test::slice("cart", endpoints))));
    const auto report = sync(proxy);
    EXPECT_TRUE(report.table_replaced);
    EXPECT_EQ(report.transactions, 1U + 3U);
    const auto listed = output_of("nft list set " + table() + " service_endpoints");
    for (const auto& endpoint : endpoints)
        EXPECT_THAT(listed, testing::HasSubstr(endpoint + " . tcp . 8080"));
    proxy.distrust_kernel();
    EXPECT_EQ(sync(proxy).transactions, 0U);
}

TEST_P(InvalidGuardTest, CountsAreOfOneChainAndThereOnlyWithARule) {
    ServiceProxy proxy{options(InvalidGuard::kEndpoints), tables_};
    stage(proxy);
    sync(proxy);
    send_reset(endpoint_, 8080);
    const auto of = [&](std::string_view table, std::string_view chain) {
        return counts_.of_chain(GetParam(), table, chain).value();
    };
    EXPECT_EQ(of(kTableName, kGuardForward).value().packets, 0U);
    EXPECT_EQ(of(kTableName, kGuardOutput).value().bytes, (ipv4() ? 20U : 40U) + 20U);
    EXPECT_FALSE(of(kTableName, "services"));
    EXPECT_FALSE(of(kTableName, "nothing"));
    EXPECT_FALSE(of("nothing", kGuardOutput));
}

INSTANTIATE_TEST_SUITE_P(Families, InvalidGuardTest, testing::Values(Family::kIpv4, Family::kIpv6),
                         [](const auto& each) { return std::string(base::name_of(each.param)); });

}  // namespace
}  // namespace fairlead::services
