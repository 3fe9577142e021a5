#include "agent/stale_flow_cleaner.h"

#include <gtest/gtest.h>

#include "support/conntrack_fixture.h"

namespace fairlead::agent {
namespace {

using services::Frontend;
using services::WatchedAddress;

Frontend frontend(std::string_view address) {
    return {base::IpAddress::parse(address).value(), base::L4Protocol::kUdp, 53};
}

/// Somebody serves it: the flows of these tests, which nobody translated, go past the Service.
WatchedAddress served(const Frontend& frontend) {
    return {frontend, {{frontend.address, 5353}}};
}

const Frontend kDns = frontend("10.96.0.10");
const Frontend kOther = frontend("10.96.0.11");
const Frontend kIpv6 = frontend("fd00:96::10");

class StaleFlowCleanerTest : public testing::Test {
  protected:
    void TearDown() override {
        for (const auto family : {base::Family::kIpv4, base::Family::kIpv6}) {
            kernel::conntrack::FlowFilter all;
            all.family = family;
            all.protocol = static_cast<std::uint8_t>(base::L4Protocol::kUdp);
            EXPECT_TRUE(table_.delete_matching(all));
        }
    }

    static void insert(const Frontend& to, int source_port) {
        const bool ipv4 = to.address.family() == base::Family::kIpv4;
        const auto client = (ipv4 ? "10.9.0.1:" : "[fd00:9::1]:") + std::to_string(source_port);
        const auto service = base::format_endpoint(to.address, to.port);
        const auto flow = test::udp_flow(client, service, service);
        ASSERT_EQ(test::insert_into_kernel({&flow, 1}), 0);
    }

    /// Turns the loop until `done`.
    void run_until(const std::function<bool()>& done) {
        constexpr auto kPause = std::chrono::milliseconds(2);
        net::Subscription again;
        std::function<void()> look = [&] {
            if (done()) return loop_.stop();
            again = loop_.after(kPause, look);
        };
        loop_.post(look);
        loop_.run();
    }

    [[nodiscard]] std::uint32_t flows() { return table_.count().value(); }
    /// Looks that were finished, in both families.
    [[nodiscard]] std::uint64_t looks() {
        std::uint64_t looks = 0;
        for (const auto* family : {"IPv4", "IPv6"})
            for (const auto count : metrics_
                                        .histogram("kubeproxy_conntrack_reconciler_sync_duration_seconds", "",
                                                   {}, {{"ip_family", family}})
                                        .counts())
                looks += count;
        return looks;
    }
    double deleted(const std::string& family) {
        return metrics_
            .counter("kubeproxy_conntrack_reconciler_deleted_entries_total", "", {{"ip_family", family}})
            .value();
    }

    net::EventLoop loop_;
    admin::Metrics metrics_;
    kernel::conntrack::NetlinkConntrackTable table_ = *kernel::conntrack::NetlinkConntrackTable::open();
};

TEST_F(StaleFlowCleanerTest, DeletesWhatIsStaleInBothFamiliesAndCountsIt) {
    StaleFlowCleaner cleaner{loop_, metrics_, served};
    insert(kDns, 1);
    insert(kDns, 2);
    insert(kOther, 3);
    insert(kIpv6, 4);
    cleaner.clean({served(kDns), served(kIpv6)});
    run_until([&] { return looks() == 2; });
    EXPECT_EQ(flows(), 1U) << "that to another Service";
    EXPECT_EQ(deleted("IPv4"), 2);
    EXPECT_EQ(deleted("IPv6"), 1);
}

TEST_F(StaleFlowCleanerTest, DeletesTheFewOfALargeTableAndNothingElse) {
    constexpr int kOthers = 30'000;
    static_assert(kOthers > conntrack::kSmallTable);
    std::vector<kernel::conntrack::Flow> others;
    for (int port = 1; port <= kOthers; ++port)
        others.push_back(
            test::udp_flow("10.9.0.1:" + std::to_string(port), "10.96.0.11:53", "10.96.0.11:53"));
    ASSERT_EQ(test::insert_into_kernel(others), 0);
    insert(kDns, 1);
    insert(kDns, 2);
    insert(kIpv6, 3);
    StaleFlowCleaner cleaner{loop_, metrics_, served};
    cleaner.clean({served(kDns), served(kIpv6)});
    run_until([&] { return looks() == 2; });
    EXPECT_EQ(flows(), kOthers);
    EXPECT_EQ(deleted("IPv4"), 2);
    EXPECT_EQ(deleted("IPv6"), 1);
}

TEST_F(StaleFlowCleanerTest, KeepsWhatIsNotStaleAnyMoreWhenItWasFound) {
    int asked = 0;
    std::optional<WatchedAddress> now = WatchedAddress{kDns, {}};
    StaleFlowCleaner cleaner{loop_, metrics_, [&](const Frontend&) {
                                 ++asked;
                                 return now;
                             }};
    insert(kDns, 1);
    insert(kDns, 2);
    cleaner.clean({served(kDns)});
    run_until([&] { return looks() == 1; });
    EXPECT_EQ(flows(), 2U);
    EXPECT_EQ(asked, 1) << "once for each address";
    now = std::nullopt;
    cleaner.clean({served(kDns)});
    run_until([&] { return looks() == 2; });
    EXPECT_EQ(flows(), 2U) << "none of our business any more";
}

TEST_F(StaleFlowCleanerTest, LooksAgainForWhatItIsToldWhileItLooks) {
    StaleFlowCleaner* told = nullptr;
    StaleFlowCleaner cleaner{loop_, metrics_, [&](const Frontend& found) {
                                 if (auto* once = std::exchange(told, nullptr))
                                     once->clean({served(kOther), served(kIpv6)});
                                 return std::optional{served(found)};
                             }};
    told = &cleaner;
    insert(kDns, 1);
    insert(kOther, 2);
    insert(kIpv6, 3);
    cleaner.clean({served(kDns)});
    run_until([&] { return looks() == 3; });
    EXPECT_EQ(flows(), 0U);
}

TEST_F(StaleFlowCleanerTest, MayGoWhileItLooksAndComeAgain) {
    insert(kDns, 1);
    for (int turns = 0; turns < 8; ++turns) {
        StaleFlowCleaner cleaner{loop_, metrics_, [](const Frontend&) { return std::nullopt; }};
        cleaner.clean({served(kDns)});
        int turn = 0;
        run_until([&] { return turn++ == turns; });
    }
    const auto before = looks();
    StaleFlowCleaner cleaner{loop_, metrics_, served};
    cleaner.clean({served(kDns)});
    run_until([&] { return looks() > before && flows() == 0; });
}

}  // namespace
}  // namespace fairlead::agent
