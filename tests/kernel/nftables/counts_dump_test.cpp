#include "kernel/nftables/counts_dump.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <set>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/nft_fixture.h"

namespace fairlead::kernel::nftables {
namespace {

using base::Family;
using base::Result;

class CountsDumpTest : public testing::Test {
  protected:
    void SetUp() override {
        Transaction make{{Family::kIpv4, "fairlead", ""}};
        make.add(AddTable{});
        make.add(AddSet{test::counting_map("counted")});
        for (std::uint32_t i = 0; i < kCount; ++i)
            make.add_element("counted", {ElementBytes{}.add_number(i), {}, ElementBytes{}.add_port(1), {}});
        ASSERT_TRUE(NetlinkNftTables::open()->commit(make));
        wait_until_laid_out();
    }
    void TearDown() override { test::output_of("nft flush ruleset"); }

    /// Takes until the dump is over; how often that was.
    Result<int> take_all(std::multiset<ElementBytes>& keys) {
        for (int takes = 1;; ++takes) {
            pollfd readable{dump_.fd(), POLLIN, 0};
            constexpr int kLongMs = 5'000;
            EXPECT_EQ(poll(&readable, 1, kLongMs), 1);
            FAIRLEAD_TRY(const bool over,
                         dump_.take([&](const Element& element, Counts) { keys.insert(element.key); }));
            if (over) return takes;
        }
    }

    /// After so many new elements the kernel enlarges its table in the background; a dump meanwhile gives
    /// some elements twice and others not at all.
    void wait_until_laid_out() {
        constexpr int kMostTries = 200;
        for (int i = 0; i < kMostTries; ++i) {
            std::multiset<ElementBytes> keys;
            ASSERT_TRUE(dump_.begin(Family::kIpv4, "fairlead", "counted"));
            ASSERT_TRUE(take_all(keys));
            if (std::set(keys.begin(), keys.end()).size() == kCount) return;
        }
        FAIL() << "no dump was complete";
    }

    static constexpr std::uint32_t kCount = 20'000;
    CountsDump dump_ = *CountsDump::open();
};

TEST_F(CountsDumpTest, GivesEveryElementOnceInManySmallPieces) {
    for (int round = 0; round < 2; ++round) {
        std::multiset<ElementBytes> keys;
        ASSERT_TRUE(dump_.begin(Family::kIpv4, "fairlead", "counted"));
        const auto takes = take_all(keys);
        ASSERT_TRUE(takes) << takes.error().message;
        EXPECT_GT(*takes, 20) << "a piece is small";
        EXPECT_EQ(keys.size(), kCount);
        EXPECT_EQ(std::set(keys.begin(), keys.end()).size(), kCount);
    }
}

TEST_F(CountsDumpTest, GivesWhatElementsHaveCounted) {
    test::output_of(
        "nft 'table ip other { map m { type ipv4_addr : inet_service; counter; "
        "elements = { 10.0.0.1 counter packets 7 bytes 420 : 80 }; }; }'");
    ASSERT_TRUE(dump_.begin(Family::kIpv4, "other", "m"));
    std::vector<Counts> counts;
    bool over = false;
    while (!over) {
        const auto taken = dump_.take([&](const Element&, Counts found) { counts.push_back(found); });
        ASSERT_TRUE(taken) << taken.error().message;
        over = *taken;
    }
    EXPECT_EQ(counts, (std::vector<Counts>{{7, 420}}));
}

TEST_F(CountsDumpTest, ASetThatIsNotThereIsNotFound) {
    ASSERT_TRUE(dump_.begin(Family::kIpv4, "fairlead", "nowhere"));
    std::multiset<ElementBytes> keys;
    const auto takes = take_all(keys);
    ASSERT_FALSE(takes);
    EXPECT_EQ(takes.error().code, base::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace fairlead::kernel::nftables
