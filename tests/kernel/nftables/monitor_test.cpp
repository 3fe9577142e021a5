#include "kernel/nftables/monitor.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace fairlead::kernel::nftables
