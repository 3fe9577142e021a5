#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"

namespace fairlead::kernel::nftables {
namespace {

using test::output_of;
using testing::HasSubstr;

/// The event that a socket was closed is worked off before the next request of anybody.
TEST(OwnedTable, OutlivesAFlushOfTheRulesetButNotItsOwner) {
    const Table table{base::Family::kIpv4, "owned", "", true};
    {
        auto owner = *NetlinkNftTables::open();
        Transaction make{table};
        make.add(AddTable{});
        make.add(AddChain{{"untrack", ChainHook{ChainType::kFilter, Hook::kOutput, -300}, ""}});
        make.add(AddRule{{"untrack", {NoTracking{}}, ""}});
        const auto made = owner.commit(make);
        ASSERT_TRUE(made) << made.error().message;
        const auto read = owner.read_table(base::Family::kIpv4, "owned");
        ASSERT_TRUE(read && *read);
        EXPECT_EQ((*read)->table, table);
        output_of("nft flush ruleset");
        EXPECT_THAT(output_of("nft list ruleset"), HasSubstr("notrack"));
        Transaction change{table};
        change.add(FlushChain{"untrack"});
        EXPECT_FALSE(NetlinkNftTables::open()->commit(change)) << "somebody else's commit";
        EXPECT_TRUE(owner.commit(change));
    }
    EXPECT_EQ(output_of("nft list ruleset"), "");
}

}  // namespace
}  // namespace fairlead::kernel::nftables
