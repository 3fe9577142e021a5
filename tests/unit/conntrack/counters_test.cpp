#include <gtest/gtest.h>

#include "conntrack/counter_rates.h"
#include "conntrack/counter_totals.h"

namespace fairlead::conntrack {
namespace {

using namespace std::chrono_literals;
using kernel::conntrack::CpuStats;
using kernel::conntrack::kCpuCounters;

constexpr std::uint32_t kLargest = 0xffffffff;

std::size_t index_of(std::string_view name) {
    for (std::size_t i = 0; i < kCpuCounters.size(); ++i)
        if (kCpuCounters[i].name == name) return i;
    throw std::runtime_error("no such counter");
}

CpuStats drops(std::uint16_t cpu, std::optional<std::uint32_t> count) {
    CpuStats stats;
    stats.cpu = cpu;
    stats.drop = count;
    return stats;
}

class CounterTotalsTest : public testing::Test {
  protected:
    std::optional<std::uint64_t> total(const std::vector<CpuStats>& cpus) {
        totals_.take(cpus);
        return totals_.totals()[index_of("drop")];
    }
    CounterTotals totals_;
};

TEST_F(CounterTotalsTest, AddUpAllCpusFromWhatTheKernelHasAlready) {
    EXPECT_EQ(total({drops(0, 7), drops(1, 5)}), 12U);
    EXPECT_EQ(total({drops(0, 8), drops(1, 5)}), 13U);
}

TEST_F(CounterTotalsTest, GoOnWhenACounterOfTheKernelWraps) {
    EXPECT_EQ(total({drops(0, kLargest - 1), drops(1, 1)}), std::uint64_t{kLargest});
    EXPECT_EQ(total({drops(0, 3), drops(1, 1)}), std::uint64_t{kLargest} + 5);
    std::uint64_t wanted = std::uint64_t{kLargest} + 5;
    for (std::uint32_t round = 1; round <= 10; ++round) {  // a billion a time
        wanted += 1'000'000'000;
        EXPECT_EQ(total({drops(0, 3 + round * 1'000'000'000)}), wanted) << round;
    }
}

TEST_F(CounterTotalsTest, DoNotTakeACounterThatIsSetBackForOneThatWrapped) {
    EXPECT_EQ(total({drops(0, 1000)}), 1000U);
    EXPECT_EQ(total({drops(0, 4)}), 1004U);
}

TEST_F(CounterTotalsTest, LackACounterThatThisKernelLacks) {
    EXPECT_EQ(total({drops(0, {}), drops(1, {})}), std::nullopt);
    EXPECT_EQ(total({drops(0, 0)}), 0U);
    EXPECT_EQ(totals_.totals()[index_of("clash_resolve")], std::nullopt);
    EXPECT_EQ(total({drops(0, {})}), 0U) << "known once";
}

TEST_F(CounterTotalsTest, NeverGoBackWhenCpusComeAndGo) {
    EXPECT_EQ(total({drops(0, 10), drops(3, 20)}), 30U);
    EXPECT_EQ(total({drops(0, 11)}), 31U);
    EXPECT_EQ(total({drops(0, 11), drops(3, 22), drops(9, 5)}), 38U);
    EXPECT_EQ(total({}), 38U);
}

class CounterRatesTest : public testing::Test {
  protected:
    void take(std::chrono::seconds at, std::optional<std::uint64_t> count) {
        Totals totals;
        totals[0] = count;
        rates_.take(base::TimePoint{1h} + at, totals);
    }
    CounterRates rates_;
};

TEST_F(CounterRatesTest, AreOfTheLastMinute) {
    take(0s, 100);
    EXPECT_EQ(rates_.growth(0), 0U);
    EXPECT_EQ(rates_.per_second(0), 0);
    take(5s, 110);
    EXPECT_EQ(rates_.growth(0), 10U);
    EXPECT_DOUBLE_EQ(rates_.per_second(0), 2);
    for (auto at = 10s; at <= 60s; at += 5s)
        take(at, 110);
    EXPECT_EQ(rates_.growth(0), 10U);
    EXPECT_DOUBLE_EQ(rates_.per_second(0), 10.0 / 60);
    take(65s, 110);
    EXPECT_EQ(rates_.growth(0), 0U);
}

TEST_F(CounterRatesTest, OfTwoReadingsFarApartAreOfTheTimeBetween) {
    take(0s, 0);
    take(300s, 600);
    EXPECT_DOUBLE_EQ(rates_.per_second(0), 2);
}

TEST_F(CounterRatesTest, BeginAnewWhenTheClockStandsOrJumps) {
    bool again = false;
    for (const auto at : {0s, 5s, 5s, 1s, 3601s}) {
        take(at, 100 + static_cast<std::uint64_t>(at.count()));
        EXPECT_EQ(rates_.growth(0), at == 5s && !again ? 5U : 0U) << at.count();
        again = at == 5s;
    }
    take(3606s, 4000);
    EXPECT_DOUBLE_EQ(rates_.per_second(0), (4000.0 - 3701) / 5);
}

TEST_F(CounterRatesTest, HaveNoGrowthOfACounterThatWasNotThereBefore) {
    take(0s, {});
    take(5s, 1000);
    EXPECT_EQ(rates_.growth(0), 0U);
}

}  // namespace
}  // namespace fairlead::conntrack
