#include "conntrack/table_watch.h"

#include <gtest/gtest.h>

namespace fairlead::conntrack {
namespace {

using namespace std::chrono_literals;
using kernel::conntrack::CpuStats;
using Word = Alarm::Word;

class TableWatchTest : public testing::Test {
  protected:
    /// A reading `later` than the one before.
    TableNews at(base::Duration later, std::uint32_t used, std::optional<std::uint32_t> max = 1000) {
        now_ += later;
        return watch_.take(now_, {used, max, {&cpu_, 1}});
    }

    base::TimePoint now_{100h};
    TableWatch watch_{{75, 90}};
    CpuStats cpu_ = [] {
        CpuStats cpu;
        cpu.drop = 500;
        cpu.early_drop = 7;
        return cpu;
    }();
};

TEST_F(TableWatchTest, KnowsHowFullTheTableIsAndWas) {
    EXPECT_TRUE(at(5s, 300).new_peak);
    EXPECT_FALSE(at(5s, 250).new_peak);
    EXPECT_EQ(watch_.used(), 250U);
    EXPECT_EQ(watch_.peak(), 300U);
    EXPECT_EQ(watch_.max(), 1000U);
    EXPECT_DOUBLE_EQ(watch_.used_percent().value(), 25);
    EXPECT_EQ(watch_.fill_text(), "25 % full, 250 of 1000 entries");
}

TEST_F(TableWatchTest, RaisesItsLevelAtOnceAndLowersItAfterAMinuteOfClearlyLess) {
    EXPECT_EQ(at(5s, 749).fill, Word::kNothing);
    EXPECT_EQ(at(5s, 750).fill, Word::kRaise);
    EXPECT_EQ(watch_.level(), FillLevel::kWarning);
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(at(5s, i % 2 == 0 ? 701 : 751).fill, Word::kNothing);
    at(5s, 699);
    EXPECT_EQ(at(50s, 699).fill, Word::kNothing);
    EXPECT_EQ(watch_.level(), FillLevel::kWarning);
    EXPECT_EQ(at(15s, 699).fill, Word::kClear);
    EXPECT_EQ(watch_.level(), FillLevel::kNormal);
}

TEST_F(TableWatchTest, TellsOfACriticalLevelAtOnceAfterAWarning) {
    at(5s, 800);
    EXPECT_EQ(at(5s, 900).fill, Word::kRemind);
    EXPECT_EQ(watch_.level(), FillLevel::kCritical);
    EXPECT_EQ(at(5s, 1000).fill, Word::kNothing);
}

TEST_F(TableWatchTest, ItsLevelFollowsAnotherMaximumAndOtherPercents) {
    at(5s, 800);
    at(5s, 800, 2000);
    at(60s, 800, 2000);
    EXPECT_EQ(watch_.level(), FillLevel::kNormal);
    watch_.set_percents({30, 40});
    at(5s, 800, 2000);
    EXPECT_EQ(watch_.level(), FillLevel::kCritical);
}

TEST_F(TableWatchTest, WithoutALimitNothingIsEverFull) {
    for (const auto max : {std::optional<std::uint32_t>{}, std::optional<std::uint32_t>{0}}) {
        EXPECT_EQ(at(5s, 5'000'000, max).fill, Word::kNothing);
        EXPECT_EQ(watch_.max(), std::nullopt);
        EXPECT_EQ(watch_.used_percent(), std::nullopt);
        EXPECT_EQ(watch_.until_full(), std::nullopt);
        EXPECT_EQ(watch_.fill_text(), "5000000 entries, without a limit");
    }
}

TEST_F(TableWatchTest, AForecastIsAWarning) {
    std::uint32_t used = 100;
    for (; used < 740 && watch_.level() == FillLevel::kNormal; ++used)
        at(5s, used);
    EXPECT_LT(used, 740U);
    EXPECT_EQ(watch_.level(), FillLevel::kWarning);
    EXPECT_TRUE(watch_.until_full());
    EXPECT_NE(watch_.fill_text().find(" minutes if it goes on growing like this"), std::string::npos);
}

TEST_F(TableWatchTest, WhatTheKernelHasCountedBeforeIsNoLoss) {
    EXPECT_EQ(at(5s, 1).dropping, Word::kNothing);
    EXPECT_EQ(at(5s, 1).dropping, Word::kNothing);
    EXPECT_FALSE(watch_.dropping());
}

TEST_F(TableWatchTest, TellsOfLossesAndOfTheirEndFiveMinutesAfter) {
    at(5s, 1);
    *cpu_.early_drop += 1;
    cpu_.insert_failed = 4;
    EXPECT_EQ(at(5s, 1).dropping, Word::kRaise);
    EXPECT_TRUE(watch_.dropping());
    EXPECT_EQ(watch_.dropping_text(), "early_drop 1 within the last minute");
    int after = 0;
    while (at(5s, 1).dropping != Word::kClear)
        ++after;
    EXPECT_GE(after * 5, 300);
    EXPECT_LE(after * 5, 400);
    EXPECT_FALSE(watch_.dropping());
    EXPECT_EQ(watch_.level(), FillLevel::kNormal);
}

TEST_F(TableWatchTest, AFewLostRacesAreNoReasonToSpeak) {
    struct Case {
        std::optional<std::uint32_t> CpuStats::* counter;
        std::uint32_t growth;
        bool told;
    };
    const Case cases[] = {{&CpuStats::drop, 9, false},          {&CpuStats::drop, 10, true},
                          {&CpuStats::insert_failed, 9, false}, {&CpuStats::insert_failed, 10, true},
                          {&CpuStats::early_drop, 1, true},     {&CpuStats::chain_too_long, 1, true},
                          {&CpuStats::invalid, 9999, false},    {&CpuStats::clash_resolve, 9999, false},
                          {&CpuStats::found, 9999, false},      {&CpuStats::search_restart, 9999, false}};
    for (const auto& [counter, growth, told] : cases) {
        TableWatch watch{{}};
        CpuStats cpu;
        cpu.*counter = 5;
        watch.take(now_, {1, 1000, {&cpu, 1}});
        cpu.*counter = 5 + growth;
        watch.take(now_ + 5s, {1, 1000, {&cpu, 1}});
        EXPECT_EQ(watch.dropping(), told) << growth;
    }
}

}  // namespace
}  // namespace fairlead::conntrack
