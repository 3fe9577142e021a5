#include "conntrack/fill_forecast.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "support/fill_series.h"

namespace fairlead::conntrack {
namespace {

using namespace std::chrono_literals;
using test::kSeriesMax;
using test::Random;
using test::Series;

/// When it was said that the table will be full, in seconds since the begin of a series.
struct Said {
    double at = 0;
    double until_full = 0;
    double used = 0;  // of the table, then
};

/// All times that the forecast began to speak, before the table was full.
std::vector<Said> said_of(const Series& series, std::uint32_t max = kSeriesMax) {
    FillForecast forecast;
    std::vector<Said> all;
    bool speaks = false;
    base::TimePoint now{1h};
    double at = 0;
    for (const auto used : series) {
        if (used >= max) break;
        forecast.take(now, used, max);
        const auto time = forecast.until_full();
        if (time && !speaks)
            all.push_back(
                {at, std::chrono::duration<double>(*time).count(), static_cast<double>(used) / max});
        speaks = time.has_value();
        now += test::kSeriesStep;
        at += 5;
    }
    return all;
}

double full_at(const Series& series) {
    return 5.0 * static_cast<double>(std::ranges::find(series, kSeriesMax) - series.begin());
}

/// FAIRLEAD_FORECAST_SEEDS: how many series of each kind; measurements in docs/conntrack.md are of 200.
unsigned seeds() {
    const char* text = std::getenv("FAIRLEAD_FORECAST_SEEDS");
    return text == nullptr ? 10 : static_cast<unsigned>(std::stoul(text));
}

struct Kind {
    const char* name;
    Series (*make)(Random&);
    double most_alarms;  // of the series
};

class FillForecastOfTheHealthy : public testing::TestWithParam<Kind> {};

TEST_P(FillForecastOfTheHealthy, IsSilentOrSpeaksOnlyOfATableThatGrewForLongAndIsHalfFull) {
    constexpr unsigned kEnoughForAShare = 50;
    const auto& [name, make, most_alarms] = GetParam();
    unsigned alarms = 0;
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        Random random{seed};
        const auto said = said_of(make(random));
        alarms += said.empty() ? 0U : 1U;
        for (const auto& each : said)
            EXPECT_GT(each.used, 0.45) << name << " seed " << seed << " after " << each.at << " s";
    }
    const double most = most_alarms == 0 || seeds() >= kEnoughForAShare ? most_alarms : 1;
    EXPECT_LE(alarms, most * seeds());
    std::printf("%s: %u of %u series have a forecast\n", name, alarms, seeds());
}

INSTANTIATE_TEST_SUITE_P(Kinds, FillForecastOfTheHealthy,
                         testing::Values(Kind{"steady", test::steady, 0}, Kind{"daily", test::daily, 0},
                                         Kind{"bursts", test::bursts, 0},
                                         Kind{"quick_step", test::quick_step, 0.01},
                                         Kind{"slow_step", test::slow_step, 0.25},
                                         Kind{"saturation", test::saturation, 0.15},
                                         Kind{"sawtooth", test::sawtooth, 0.08}),
                         [](const auto& kind) { return std::string(kind.param.name); });

class FillForecastOfLeaks : public testing::TestWithParam<Kind> {};

TEST_P(FillForecastOfLeaks, ComesBeforeTheTableIsFull) {
    std::vector<double> leads;
    std::vector<double> errors;
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        Random random{seed};
        const auto series = GetParam().make(random);
        const auto said = said_of(series);
        ASSERT_FALSE(said.empty()) << seed;
        const double lead = full_at(series) - said.front().at;
        EXPECT_GT(lead, 180) << seed;
        EXPECT_GT(said.front().until_full, 0.5 * lead) << seed;
        EXPECT_LE(said.front().until_full, 3600) << seed;
        leads.push_back(lead / 60);
        errors.push_back(said.front().until_full / lead);
    }
    std::ranges::sort(leads);
    std::ranges::sort(errors);
    EXPECT_LT(errors[errors.size() / 2], 3) << "times as long as it was, in the median";
    std::printf("%s: told %.0f to %.0f minutes before, median %.0f\n", GetParam().name, leads.front(),
                leads.back(), leads[leads.size() / 2]);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FillForecastOfLeaks,
                         testing::Values(Kind{"linear_leak", test::linear_leak, 0},
                                         Kind{"accelerating_leak", test::accelerating_leak, 0}),
                         [](const auto& kind) { return std::string(kind.param.name); });

/// recorded/NAME.txt, which capture.py there wrote.
Series recorded(const std::string& name) {
    std::ifstream file{FAIRLEAD_TEST_DATA "/recorded/" + name + ".txt"};
    Series series{std::istream_iterator<std::uint32_t>{file}, {}};
    EXPECT_EQ(series.size(), 144U) << name;
    return series;
}

TEST(FillForecastOfTheKernel, IsSilentWhereShortConnectionsComeFasterOrInBursts) {
    for (const auto& [name, share] : {std::pair{"plateau", 0.5}, {"bursts", 0.72}, {"batch", 0.72}}) {
        const auto series = recorded(name);
        const auto peak = *std::ranges::max_element(series);
        EXPECT_TRUE(said_of(series, static_cast<std::uint32_t>(peak / share)).empty()) << name;
    }
}

TEST(FillForecastOfTheKernel, SpeaksOfConnectionsThatAreNeverClosed) {
    const auto series = recorded("leak");
    const auto said = said_of(series, series.back());
    ASSERT_EQ(said.size(), 1U);
    const double lead = 720 - said[0].at;
    EXPECT_GT(lead, 120);
    EXPECT_NEAR(said[0].until_full / lead, 1, 0.4);
}

/// The forecast after `count` readings of a leak that fills the table in half an hour.
class FillForecastTest : public testing::Test {
  protected:
    void leak(int count) {
        for (int i = 0; i < count; ++i, now_ += 5s)
            forecast_.take(now_, used_ += 600, kSeriesMax);
    }
    base::TimePoint now_{1h};
    std::uint32_t used_ = 20'000;
    FillForecast forecast_;
};

TEST_F(FillForecastTest, BeginsAnewWhenTheClockGoesBackOrNothingCameForLong) {
    for (const auto jump : {-10s, 121s, 7200s}) {
        forecast_ = {};
        used_ = 20'000;
        leak(300);
        ASSERT_TRUE(forecast_.until_full()) << jump.count();
        now_ += jump;
        leak(1);
        EXPECT_FALSE(forecast_.until_full()) << jump.count();
    }
}

TEST_F(FillForecastTest, OutlivesReadingsThatAreMissing) {
    leak(290);
    ASSERT_TRUE(forecast_.until_full());
    now_ += 60s;
    leak(10);
    EXPECT_TRUE(forecast_.until_full());
}

TEST_F(FillForecastTest, IsWithdrawnAMinuteAfterTheGrowthEnds) {
    leak(300);
    ASSERT_TRUE(forecast_.until_full());
    for (int i = 0; i < 60; ++i, now_ += 5s)
        forecast_.take(now_, used_, kSeriesMax);
    EXPECT_FALSE(forecast_.until_full());
}

TEST_F(FillForecastTest, IsWithdrawnWhenTheTableIsMadeLarger) {
    leak(300);
    ASSERT_TRUE(forecast_.until_full());
    for (int i = 0; i < 15; ++i, now_ += 5s)
        forecast_.take(now_, used_ += 600, 10 * kSeriesMax);
    EXPECT_FALSE(forecast_.until_full());
}

TEST_F(FillForecastTest, KnowsTheLoadOfTheSameDay) {
    const auto climb = [&] {
        bool said = false;
        for (int i = 0; i < 300; ++i, now_ += 5s) {
            forecast_.take(now_, 20'000U + 560U * static_cast<unsigned>(i), kSeriesMax);
            said = said || forecast_.until_full();
        }
        return said;
    };
    EXPECT_TRUE(climb()) << "the first time";
    for (int i = 0; i < 3 * 720; ++i, now_ += 5s)
        forecast_.take(now_, 20'000, kSeriesMax);
    EXPECT_FALSE(climb()) << "three hours later";
}

}  // namespace
}  // namespace fairlead::conntrack
