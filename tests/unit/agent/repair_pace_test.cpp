#include "agent/repair_pace.h"

#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RepairPace, RepairsAtOnceWhatHappensNowAndThen) {
    RepairPace pace;
    base::TimePoint now{seconds(1)};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(pace.pause(now), base::Duration{});
        pace.repaired(now);
        now += RepairPace::kMemory;
    }
}

TEST(RepairPace, SlowsDownWhileSomebodyInsists) {
    RepairPace pace;
    base::TimePoint now{seconds(1)};
    std::vector<base::Duration> pauses;
    for (int i = 0; i < 10; ++i) {
        pauses.push_back(pace.pause(now));
        now += pauses.back();
        pace.repaired(now);
    }
    const std::vector<base::Duration> wanted = {
        milliseconds(0),   milliseconds(0),    milliseconds(100),  milliseconds(200),  milliseconds(400),
        milliseconds(800), milliseconds(1600), milliseconds(3200), milliseconds(5000), milliseconds(5000)};
    EXPECT_EQ(pauses, wanted);
}

TEST(RepairPace, CountsThePauseFromTheLastRepair) {
    RepairPace pace;
    const base::TimePoint now{seconds(1)};
    pace.repaired(now);
    pace.repaired(now);
    EXPECT_EQ(pace.pause(now + milliseconds(60)), milliseconds(40));
    EXPECT_EQ(pace.pause(now + milliseconds(160)), base::Duration{});
}

}  // namespace
}  // namespace fairlead::agent
