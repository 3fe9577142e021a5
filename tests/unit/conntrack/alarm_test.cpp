#include "conntrack/alarm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace fairlead::conntrack {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// "raise 0" and the like, in minutes, of an alarm that is asked every five seconds with a minute of hold.
std::vector<std::string> told(std::chrono::minutes length,
                              const std::function<unsigned(std::chrono::seconds)>& severity) {
    Alarm alarm{1min};
    std::vector<std::string> words;
    for (std::chrono::seconds at{}; at < length; at += 5s) {
        const auto word = alarm.update(base::TimePoint{100h} + at, severity(at));
        const auto minute = " " + std::to_string(at / 1min);
        if (word == Alarm::Word::kRaise) words.push_back("raise" + minute);
        if (word == Alarm::Word::kRemind) words.push_back("remind" + minute);
        if (word == Alarm::Word::kClear) words.push_back("clear" + minute);
    }
    return words;
}

TEST(Alarm, SaysNothingOfWhatIsNot) {
    EXPECT_THAT(told(600min, [](auto) { return 0U; }), ElementsAre());
}

TEST(Alarm, RemindsOfWhatLastsEverMoreSeldomUpToOnceAnHour) {
    EXPECT_THAT(told(300min, [](auto at) { return at < 245min ? 1U : 0U; }),
                ElementsAre("raise 0", "remind 10", "remind 30", "remind 70", "remind 130", "remind 190",
                            "clear 245"));
}

TEST(Alarm, DoesNotFlapWithWhatComesAndGoesWithinAMinute) {
    EXPECT_THAT(told(20min, [](auto at) { return at < 5min && at % 30s == 0s ? 1U : 0U; }),
                ElementsAre("raise 0", "clear 5"));
}

TEST(Alarm, TellsOfWhatComesAndGoesNoMoreOftenThanOfWhatLasts) {
    const auto words = told(240min, [](auto at) { return at % 4min < 1min ? 1U : 0U; });
    EXPECT_THAT(words,
                ElementsAre("raise 0", "clear 1", "raise 12", "clear 13", "raise 32", "clear 33", "raise 72",
                            "clear 73", "raise 132", "clear 133", "raise 192", "clear 193"));
}

TEST(Alarm, TakesTheNextTimeForAFirstAfterAnHourWithout) {
    EXPECT_THAT(told(90min, [](auto at) { return at < 15min || (at >= 80min && at < 82min) ? 1U : 0U; }),
                ElementsAre("raise 0", "remind 10", "clear 15", "raise 80", "clear 82"));
}

TEST(Alarm, TellsAtOnceOfWhatIsWorseThanAnythingTold) {
    EXPECT_THAT(told(30min, [](auto at) { return at < 2min    ? 1U
                                                 : at < 20min ? 2U
                                                              : 0U; }),
                ElementsAre("raise 0", "remind 2", "clear 20"));
}

TEST(Alarm, FallsByStepsThatEachHaveToLast) {
    Alarm alarm{1min};
    const auto at = [&](std::chrono::seconds time, unsigned severity) {
        alarm.update(base::TimePoint{100h} + time, severity);
        return alarm.severity();
    };
    EXPECT_EQ(at(0s, 2), 2U);
    EXPECT_EQ(at(30s, 1), 2U);
    EXPECT_EQ(at(60s, 0), 1U) << "half a minute ago it was 1";
    EXPECT_EQ(at(119s, 0), 1U);
    EXPECT_EQ(at(120s, 0), 0U);
}

}  // namespace
}  // namespace fairlead::conntrack
