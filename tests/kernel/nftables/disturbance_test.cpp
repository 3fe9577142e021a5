#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/nft_fixture.h"

// What others and the machine do while we commit and read.
namespace fairlead::kernel::nftables {
namespace {

using base::Family;

constexpr std::uint32_t kCount = 60'000;

Transaction many_frontends() {
    Transaction many{{Family::kIpv4, "fairlead", ""}};
    for (std::uint32_t i = 1; i <= kCount; ++i)
        many.add_element("frontends", {test::frontend_key("10.96.0.1", static_cast<int>(i)),
                                       {},
                                       ElementBytes{}.add_number(1).add_number(i),
                                       {}});
    return many;
}

/// Interrupts system calls of this process, and thereby batches in the kernel, over and over.
class Interruptions {
  public:
    Interruptions() {
        struct sigaction action{};
        action.sa_handler = [](int) { ++count_; };
        sigaction(SIGALRM, &action, &before_);
        constexpr int kPeriodMicroseconds = 20'000;
        const itimerval period{{0, kPeriodMicroseconds}, {0, kPeriodMicroseconds}};
        setitimer(ITIMER_REAL, &period, nullptr);
    }
    Interruptions(const Interruptions&) = delete;
    Interruptions& operator=(const Interruptions&) = delete;
    ~Interruptions() {
        const itimerval off{};
        setitimer(ITIMER_REAL, &off, nullptr);
        sigaction(SIGALRM, &before_, nullptr);
    }
    static int count() { return count_; }

  private:
    static inline std::atomic<int> count_ = 0;
    struct sigaction before_{};
};

/// Another program that changes a table of its own without a pause.
class BusyNeighbour {
  public:
    BusyNeighbour() : thread_([this] { run(); }) {}
    BusyNeighbour(const BusyNeighbour&) = delete;
    BusyNeighbour& operator=(const BusyNeighbour&) = delete;
    ~BusyNeighbour() {
        stop_ = true;
        thread_.join();
    }
    [[nodiscard]] int commits() const { return commits_; }

  private:
    void run() {
        auto tables = *NetlinkNftTables::open();
        while (!stop_) {
            Transaction transaction{{Family::kIpv4, "neighbour", ""}};
            transaction.add(DestroyTable{});
            transaction.add(AddTable{});
            commits_ += tables.commit(transaction) ? 1 : 0;
        }
    }

    std::atomic<bool> stop_ = false;
    std::atomic<int> commits_ = 0;
    std::thread thread_;
};

class DisturbanceTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(tables_.commit(test::creation_of(test::sample_table(Family::kIpv4))));
    }
    void TearDown() override { test::output_of("nft flush ruleset"); }

    std::vector<Element> read_frontends() {
        std::vector<Element> elements;
        const auto read = tables_.read_elements(
            Family::kIpv4, "fairlead", "frontends", [&] { elements.clear(); },
            [&](Element element) { elements.push_back(std::move(element)); });
        EXPECT_TRUE(read) << read.error().message;
        std::ranges::sort(elements);
        return elements;
    }

    NetlinkNftTables tables_ = *NetlinkNftTables::open();
};

TEST_F(DisturbanceTest, SignalsDoNotFailACommit) {
    const auto many = many_frontends();
    const int before = Interruptions::count();
    {
        const Interruptions interruptions;
        for (int round = 0; round < 5; ++round) {
            const auto committed = tables_.commit(many);
            ASSERT_TRUE(committed) << committed.error().message;
            Transaction flush{many.table()};
            flush.add(FlushSet{"frontends"});
            ASSERT_TRUE(tables_.commit(flush));
        }
    }
    EXPECT_GT(Interruptions::count(), before);
}

TEST_F(DisturbanceTest, ANeighbourWhoNeverStopsDoesNotKeepUsFromReading) {
    const auto many = many_frontends();
    ASSERT_TRUE(tables_.commit(many));
    auto wanted = std::get<AddElements>(many.operations().front()).elements;
    std::ranges::sort(wanted);
    const BusyNeighbour neighbour;
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(read_frontends() == wanted);
        const auto table = tables_.read_table(Family::kIpv4, "fairlead");
        ASSERT_TRUE(table) << table.error().message;
        EXPECT_EQ((*table)->rules, test::sample_table(Family::kIpv4).rules);
    }
    EXPECT_GT(neighbour.commits(), 0);
}

TEST_F(DisturbanceTest, AReadWhileTheHashTableGrowsMissesNothing) {
    // A hash table of 65,536 places grows when three quarters of them are taken (rht_grow_above_75): a worker
    // of the kernel's does it from then on, without a new generation.
    constexpr std::ptrdiff_t kLastBefore = 49'152;
    constexpr std::ptrdiff_t kMore = 8;
    const auto many = many_frontends();
    const auto& all = std::get<AddElements>(many.operations().front()).elements;
    std::vector<Element> wanted(all.begin(), all.begin() + kLastBefore + kMore);
    std::ranges::sort(wanted);
    int reads = 0;
    constexpr int kRounds = 10;
    for (int round = 0; round < kRounds; ++round) {
        Transaction gone{many.table()};
        gone.add(DestroyTable{});
        ASSERT_TRUE(tables_.commit(gone));
        SetUp();
        Transaction most{many.table()};
        most.add(AddElements{"frontends", {all.begin(), all.begin() + kLastBefore}});
        ASSERT_TRUE(tables_.commit(most));
        usleep(100'000);
        Transaction last{many.table()};
        last.add(AddElements{"frontends", {all.begin() + kLastBefore, all.begin() + kLastBefore + kMore}});
        ASSERT_TRUE(tables_.commit(last));
        std::vector<Element> elements;
        const auto read = tables_.read_elements(
            Family::kIpv4, "fairlead", "frontends",
            [&] {
                ++reads;
                elements.clear();
            },
            [&](Element element) { elements.push_back(std::move(element)); });
        ASSERT_TRUE(read) << read.error().message;
        std::ranges::sort(elements);
        EXPECT_TRUE(elements == wanted) << "round " << round;
    }
    std::printf("%d of %d reads were done again\n", reads - kRounds, kRounds);
}

TEST_F(DisturbanceTest, AReadDuringWhichOurTableChangesIsDoneAgain) {
    ASSERT_TRUE(tables_.commit(many_frontends()));
    auto other = *NetlinkNftTables::open();
    int restarts = 0;
    std::size_t count = 0;
    const auto read = tables_.read_elements(
        Family::kIpv4, "fairlead", "frontends",
        [&] {
            ++restarts;
            count = 0;
        },
        [&](const Element&) {
            if (++count != 100 || restarts != 1) return;
            Transaction change{{Family::kIpv4, "fairlead", ""}};
            change.delete_element("frontends", {test::frontend_key("10.96.0.1", 1), {}, {}, {}});
            ASSERT_TRUE(other.commit(change));
        });
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_GE(restarts, 2);
    EXPECT_EQ(count, kCount - 1);
}

TEST_F(DisturbanceTest, ABatchWithMoreErrorsThanTheBufferHoldsStillNamesTheFirst) {
    ASSERT_TRUE(tables_.commit(many_frontends()));
    Transaction refused{{Family::kIpv4, "fairlead", ""}};
    for (int i = 0; i < 20'000; ++i)
        refused.add(FlushChain{"nowhere-" + std::to_string(i)});
    const auto committed = tables_.commit(refused);
    ASSERT_FALSE(committed);
    EXPECT_THAT(committed.error().message, testing::HasSubstr("flush chain 'nowhere-0': No such file"));
    EXPECT_TRUE(tables_.generation()) << "what is left of the answers disturbs nobody";
}

}  // namespace
}  // namespace fairlead::kernel::nftables
