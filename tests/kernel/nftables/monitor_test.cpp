#include "kernel/nftables/monitor.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/nft_fixture.h"

namespace fairlead::kernel::nftables {
namespace {

using test::output_of;

class NftMonitorTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(tables_.commit(test::creation_of(test::sample_table(base::Family::kIpv4))));
        output_of("nft add table ip other");
        ASSERT_TRUE(monitor_.drain());
    }
    void TearDown() override { output_of("nft flush ruleset"); }

    NetlinkNftTables tables_ = *NetlinkNftTables::open();
    NftMonitor monitor_ = *NftMonitor::open("fairlead", tables_.port_id());
};

TEST_F(NftMonitorTest, SeesWhatOthersDoToOurTable) {
    for (const auto* command :
         {"nft add element ip fairlead cidrs { 10.0.0.0/8 }", "nft flush chain ip fairlead services",
          "nft add chain ip fairlead extra", "nft delete table ip fairlead", "nft add table ip6 fairlead"}) {
        output_of(command);
        const auto touched = monitor_.drain();
        ASSERT_TRUE(touched) << touched.error().message;
        EXPECT_TRUE(*touched) << command;
    }
}

TEST_F(NftMonitorTest, SeesAFlushOfTheWholeRuleset) {
    output_of("nft flush ruleset");
    EXPECT_TRUE(monitor_.drain().value());
}

TEST_F(NftMonitorTest, DoesNotSeeOurOwnCommitsNorOtherTables) {
    output_of("nft add chain ip other c");
    Transaction ours{{base::Family::kIpv4, "fairlead", ""}};
    ours.add_element("cidrs", {ElementBytes{}.add(test::address("10.0.0.0")),
                               ElementBytes{}.add(test::address("10.0.0.9")),
                               {},
                               {}});
    ASSERT_TRUE(tables_.commit(ours));
    EXPECT_FALSE(monitor_.drain().value());
}

TEST_F(NftMonitorTest, TakesEventsThatWereLostForAChangeAndSeesLaterOnes) {
    constexpr int kSmallBufferBytes = 4'096;
    ASSERT_EQ(setsockopt(monitor_.fd(), SOL_SOCKET, SO_RCVBUF, &kSmallBufferBytes, sizeof kSmallBufferBytes),
              0);
    // None of it is about our table: without the loss it would be silent.
    output_of(
        "nft add set ip other many '{ type inet_service; }'; (echo 'add element ip other many {'; seq -f "
        "'%.0f,' 1 9999; "
        "echo '}') | nft -f -");
    EXPECT_TRUE(monitor_.drain().value());
    EXPECT_FALSE(monitor_.drain().value());
    output_of("nft add chain ip other later");
    EXPECT_FALSE(monitor_.drain().value());
    output_of("nft add chain ip fairlead extra");
    EXPECT_TRUE(monitor_.drain().value());
}

class NftMonitorUnobservedTest : public NftMonitorTest {
  protected:
    base::Result<void> add_range(std::string_view first, std::string_view last) {
        Transaction ours{{base::Family::kIpv4, "fairlead", ""}};
        ours.add_element(
            "cidrs",
            {ElementBytes{}.add(test::address(first)), ElementBytes{}.add(test::address(last)), {}, {}});
        return tables_.commit(ours);
    }

    bool is_readable() const {
        pollfd readable{monitor_.fd(), POLLIN, 0};
        return poll(&readable, 1, 0) == 1;
    }
};

TEST_F(NftMonitorUnobservedTest, MissesNothingThatOthersDoMeanwhile) {
    const auto committed = monitor_.unobserved(tables_, [&] {
        output_of("nft delete chain ip fairlead balance-2");
        return add_range("10.0.0.0", "10.0.0.9");
    });
    ASSERT_TRUE(committed) << committed.error().message;
    EXPECT_TRUE(is_readable());
    EXPECT_TRUE(monitor_.drain().value());
    EXPECT_FALSE(monitor_.drain().value());
}

TEST_F(NftMonitorUnobservedTest, IsSilentAboutTheCommitItself) {
    ASSERT_TRUE(monitor_.unobserved(tables_, [&] { return add_range("10.0.0.0", "10.0.0.9"); }));
    EXPECT_FALSE(is_readable());
    EXPECT_FALSE(monitor_.drain().value());
}

TEST_F(NftMonitorUnobservedTest, IsSilentAboutACommitThatFailed) {
    ASSERT_TRUE(add_range("10.0.0.0", "10.0.0.9"));
    const auto again = monitor_.unobserved(tables_, [&] { return add_range("10.0.0.0", "10.0.0.9"); });
    EXPECT_EQ(again.error().code, base::ErrorCode::kExists);
    EXPECT_FALSE(monitor_.drain().value());
}

TEST_F(NftMonitorUnobservedTest, SeesWhatComesBeforeAndAfter) {
    output_of("nft add chain ip fairlead before");
    ASSERT_TRUE(monitor_.unobserved(tables_, [&] { return add_range("10.0.0.0", "10.0.0.9"); }));
    EXPECT_TRUE(monitor_.drain().value());
    output_of("nft add chain ip fairlead after");
    EXPECT_TRUE(monitor_.drain().value());
}

TEST_F(NftMonitorUnobservedTest, IsUsedForLargeCommits) {
    NftMonitor everything = *NftMonitor::open("fairlead", 0);
    tables_.spare(everything);
    Transaction large{{base::Family::kIpv4, "fairlead", ""}};
    for (int port = 1; port <= 64; ++port)
        large.add_element(
            "frontends",
            {test::frontend_key("10.96.0.1", port), {}, ElementBytes{}.add_number(1).add_number(1), {}});
    ASSERT_TRUE(tables_.commit(large));
    EXPECT_FALSE(everything.drain().value());
    ASSERT_TRUE(add_range("10.0.0.0", "10.0.0.9"));
    EXPECT_TRUE(everything.drain().value()) << "a small one does not pay for it";
}

}  // namespace
}  // namespace fairlead::kernel::nftables
